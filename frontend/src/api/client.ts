import createClient from "openapi-fetch";
import type { paths } from "@/generated/api";
import { ApiError, errorFromBody, toApiError } from "./errors";
import type { Full } from "./types";

const TIME_LIMIT_MS = 30_000;

async function fetchInTime(request: Request): Promise<Response> {
  const limit = AbortSignal.timeout(TIME_LIMIT_MS);
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, limit]) });
  } catch (thrown) {
    if (!limit.aborted) throw toApiError(thrown);
    throw new ApiError(0, {
      code: "timeout",
      message: `The server did not answer within ${TIME_LIMIT_MS / 1000} seconds.`,
      hint: "Try again; if it stays, look at the output of `layerloom serve`.",
    });
  }
}

/** The typed HTTP client, made from the server's OpenAPI. Give its answers to `answer`. */
export const api = createClient<paths>({
  // Tests have an address to speak to; in the browser it is the page's own.
  baseUrl: window.location.origin,
  credentials: "same-origin",
  fetch: fetchInTime,
});

/**
 * What the server answered; throws an ApiError with the server's words when it refused.
 *
 * openapi-fetch makes lists of tuples; where an answer holds some, the caller names its type.
 */
export async function answer<Data>(
  pending: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Full<Data>> {
  const { data, error, response } = await pending;
  if (!response.ok) throw errorFromBody(response.status, error);
  return data as Full<Data>;
}
