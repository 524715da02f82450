import { expect, it } from "vitest";
import { faultOf } from "./code";
import { ApiError } from "./errors";

function refusal(message: string, received: string): ApiError {
  return new ApiError(422, { code: "invalid", message, expected: "Python 3", received, hint: "" });
}

it("finds the place that a refusal of Python names", () => {
  const words = { severity: "error", expected: "Python 3", hint: "" };
  const received = "line 14: x = (";
  expect(faultOf(refusal("Line 14: this is no Python.", received))).toEqual({
    ...words,
    line: 14,
    column: -1,
    message: "this is no Python.",
    received,
  });
  expect(faultOf(refusal("Nothing is there.", "line 3, column 7"))).toMatchObject({ line: 3, column: 6 });
  expect(faultOf(refusal("Line 2: a loop.", ""))).toMatchObject({ line: 2, message: "a loop." });
});

it("finds none in other refusals", () => {
  expect(faultOf(refusal("The design is too large.", "5,001 nodes"))).toBeNull();
});
