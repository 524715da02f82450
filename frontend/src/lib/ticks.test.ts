import { expect, it } from "vitest";
import { niceTicks } from "./ticks";

it("covers the range with round numbers", () => {
  expect(niceTicks(25, 346, 5)).toEqual([0, 100, 200, 300, 400]);
  expect(niceTicks(-0.12, 0.31, 5)).toEqual([-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4]);
});

it("has two ends also where all values are one", () => {
  const ticks = niceTicks(3, 3, 5);
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(Math.min(...ticks)).toBeLessThanOrEqual(3);
  expect(Math.max(...ticks)).toBeGreaterThanOrEqual(3);
});
