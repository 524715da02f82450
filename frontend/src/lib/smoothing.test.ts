import { describe, expect, it } from "vitest";
import { smooth } from "./smoothing";

describe("smooth", () => {
  it("leaves values as they are without weight", () => {
    expect([...smooth([3, 1, 2], 0)]).toEqual([3, 1, 2]);
  });

  it("keeps a constant curve constant from its first point on, whatever the weight", () => {
    for (const weight of [0.1, 0.6, 0.98]) {
      for (const value of smooth(new Array(50).fill(7), weight)) expect(value).toBeCloseTo(7, 10);
    }
  });

  it("is the weighted mean of what came so far", () => {
    const half = smooth([4, 0, 8], 0.5);
    expect(half[0]).toBeCloseTo(4);
    expect(half[1]).toBeCloseTo((0.25 * 4 + 0.5 * 0) / 0.75);
    expect(half[2]).toBeCloseTo((0.125 * 4 + 0.25 * 0 + 0.5 * 8) / 0.875);
  });

  it("passes what is not finite through and goes on as if it had not been there", () => {
    const gap = smooth([1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3], 0.5);
    const none = smooth([1, 2, 3], 0.5);
    expect([gap[0], gap[2], gap[4]]).toEqual([...none]);
    expect([gap[1], gap[3]]).toEqual([Number.NaN, Number.POSITIVE_INFINITY]);
  });
});
