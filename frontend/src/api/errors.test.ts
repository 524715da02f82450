import { expect, it } from "vitest";
import { errorFromBody, toApiError } from "./errors";

it("keeps the words of the server", () => {
  const body = {
    code: "not_ready",
    message: "The design cannot be trained as it is.",
    expected: "10 units",
    received: "7 units",
    hint: "Set units to 10.",
    problems: [],
  };
  expect({ ...errorFromBody(422, body) }).toMatchObject({ status: 422, code: "not_ready", hint: body.hint });
  expect(errorFromBody(422, body).message).toBe(body.message);
});

it("says something also for an answer that is no error body", () => {
  for (const body of [undefined, null, "<html>502</html>", { detail: "x" }, 7]) {
    const error = errorFromBody(502, body);
    expect([error.status, error.code]).toEqual([502, "unreadable"]);
    expect(error.message).toContain("502");
  }
});

it("knows a server that is away from an error of ours", () => {
  expect(toApiError(new TypeError("Failed to fetch")).code).toBe("unreachable");
  expect(toApiError(new RangeError("odd")).code).toBe("unexpected");
  const same = errorFromBody(404, { message: "gone" });
  expect(toApiError(same)).toBe(same);
});
