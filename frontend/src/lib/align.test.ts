import { describe, expect, it } from "vitest";
import { align, valueAt } from "./align";
import { Curve } from "./columns";

describe("align", () => {
  it("puts curves with different steps on one column, with gaps where a curve has no point", () => {
    const [x, ...columns] = align([
      { x: [1, 2, 3, 4], y: [0.4, 0.3, 0.2, 0.1] },
      { x: [2, 4, 6], y: [9, 8, 7] },
    ]);
    expect([...x]).toEqual([1, 2, 3, 4, 6]);
    expect(columns).toEqual([
      [0.4, 0.3, 0.2, 0.1, null],
      [null, 9, null, 8, 7],
    ]);
  });

  it("sorts steps as numbers", () => {
    expect([
      ...align([
        { x: [9, 10, 100], y: [1, 1, 1] },
        { x: [11], y: [1] },
      ])[0],
    ]).toEqual([9, 10, 11, 100]);
  });

  it("makes a gap of what is not finite, and of what a logarithm does not have", () => {
    const table = { x: [1, 2, 3, 4], y: [Number.NaN, 0, -1, 5] };
    expect(align([table])[1]).toEqual([null, 0, -1, 5]);
    expect(align([table], true)[1]).toEqual([null, null, null, 5]);
  });

  it("has nothing to show of nothing", () => {
    expect(align([{ x: [], y: [] }])).toEqual([new Float64Array(0), []]);
  });
});

describe("valueAt", () => {
  it("is the last known value at or before the row", () => {
    const column = [null, 5, null, null, 3];
    expect([0, 1, 3, 4, 99].map((row) => valueAt(column, row))).toEqual([null, 5, 5, 3, 3]);
  });
});

describe("Curve", () => {
  it("grows past its first room and keeps every point in order", () => {
    const curve = new Curve();
    const steps = Array.from({ length: 1000 }, (_, index) => index + 1);
    for (const step of steps) curve.append(step, step / 2);
    expect([...curve.x]).toEqual(steps);
    expect([...curve.y]).toEqual(steps.map((step) => step / 2));
  });

  it("takes each step once", () => {
    const curve = Curve.from([1, 2, 3], [0.3, null, 0.1]);
    expect([curve.append(3, 9), curve.append(2, 9), curve.append(4, 0.05)]).toEqual([false, false, true]);
    expect([...curve.y]).toEqual([0.3, Number.NaN, 0.1, 0.05]);
  });
});
