import createClient from "openapi-fetch";
import type { paths } from "@/generated/api";
import { ApiError, errorFromBody, toApiError } from "./errors";
import type { Full } from "./types";

const TIME_LIMIT_MS = 30_000;
const SLOW_LIMIT_MS = 180_000;

/** `fetch` that gives up after `limit` milliseconds, and says what to do then. */
function fetchWithin(limit: number) {
  return async (request: Request): Promise<Response> => {
    const timer = AbortSignal.timeout(limit);
    try {
      return await fetch(request, { signal: AbortSignal.any([request.signal, timer]) });
    } catch (thrown) {
      if (!timer.aborted) throw toApiError(thrown);
      throw new ApiError(0, {
        code: "timeout",
        message: `The server did not answer within ${limit / 1000} seconds.`,
        hint: "Try again; if it stays, look at the output of `layerloom serve`.",
      });
    }
  };
}

function client(limit: number) {
  return createClient<paths>({
    // Tests have an address to speak to; in the browser it is the page's own.
    baseUrl: window.location.origin,
    credentials: "same-origin",
    fetch: fetchWithin(limit),
  });
}

/** The typed HTTP client, made from the server's OpenAPI. Give its answers to `answer`. */
export const api = client(TIME_LIMIT_MS);

/** The same for work that takes its time, such as a process in the sandbox; the caller offers to cancel it. */
export const slowApi = client(SLOW_LIMIT_MS);

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
