import type { ErrorBody, Problem } from "./types";

/** An answer of the server that a person should read; `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly expected: string;
  readonly received: string;
  readonly hint: string;
  readonly problems: Problem[];

  constructor(status: number, body: Partial<ErrorBody> & { message: string }) {
    super(body.message);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "";
    this.expected = body.expected ?? "";
    this.received = body.received ?? "";
    this.hint = body.hint ?? "";
    this.problems = body.problems ?? [];
  }
}

/** Make an ApiError from whatever a failed request answered, also from a proxy's page or nothing at all. */
export function errorFromBody(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string") {
    return new ApiError(status, body as Partial<ErrorBody> & { message: string });
  }
  return new ApiError(status, {
    code: "unreadable",
    message: `The server answered with status ${status} and no explanation.`,
    hint: "Try again. If it stays, look at the output of `layerloom serve`.",
  });
}

/** Make an ApiError from anything that was thrown. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof TypeError) {
    return new ApiError(0, {
      code: "unreachable",
      message: "The server could not be reached.",
      hint: "Check that `layerloom serve` is running; your work is kept here and sent when it is back.",
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError(0, { code: "unexpected", message });
}
