import { describe, expect, it } from "vitest";
import { align, type Box, borderPoint, distribute, neighbour, snap } from "./arrange";
import { curveBounds, curvePath, middleOf, nearestCurve, type Piece, piecesOf } from "./curve";

const box = (id: string, x: number, y: number, width = 10, height = 10): Box => ({ id, x, y, width, height });
const BOXES = [box("a", 0, 0), box("b", 30, 5, 20, 20), box("c", 100, 50)];

describe("align", () => {
  it.each([
    ["left", { a: [0, 0], b: [0, 5], c: [0, 50] }],
    ["right", { a: [100, 0], b: [90, 5], c: [100, 50] }],
    ["center", { a: [50, 0], b: [45, 5], c: [50, 50] }],
    ["top", { a: [0, 0], b: [30, 0], c: [100, 0] }],
    ["middle", { a: [0, 25], b: [30, 20], c: [100, 25] }],
    ["bottom", { a: [0, 50], b: [30, 40], c: [100, 50] }],
  ] as const)("%s", (how, expected) => {
    const places = Object.entries(align(BOXES, how)).map(([id, { x, y }]) => [id, [x, y]]);
    expect(Object.fromEntries(places)).toEqual(expected);
  });
});

describe("distribute", () => {
  it("leaves the outermost where they are and makes the gaps equal", () => {
    expect(distribute(BOXES, "x")).toEqual({ a: { x: 0, y: 0 }, b: { x: 45, y: 5 }, c: { x: 100, y: 50 } });
  });

  it("needs three", () => {
    expect(distribute(BOXES.slice(0, 2), "y")).toEqual({});
  });
});

describe("snap", () => {
  it("pulls to the nearest line within reach and shows it", () => {
    expect(snap(box("m", 3, 200), BOXES, 5)).toEqual({
      x: 0,
      y: 200,
      guides: [{ axis: "x", at: 5, from: 0, to: 210 }],
    });
  });

  it("leaves a box alone that is near to nothing", () => {
    expect(snap(box("m", 400, 400), BOXES, 5)).toEqual({ x: 400, y: 400, guides: [] });
  });
});

describe("neighbour", () => {
  it("is the nearest box ahead, straight ahead before aside", () => {
    const from = box("m", 0, 0);
    const others = [from, box("aside", 40, 12), box("below", 0, 60), box("far", 0, 90), box("above", 0, -30)];
    expect(neighbour(from, others, "down")?.id).toBe("below");
    expect(neighbour(from, others, "up")?.id).toBe("above");
    expect(neighbour(from, others, "right")?.id).toBe("aside");
    expect(neighbour(from, others, "left")).toBeNull();
  });
});

describe("a line between two boxes", () => {
  it("begins at the border of the first", () => {
    expect(borderPoint(box("a", 0, 0), box("b", 100, 0))).toEqual({ x: 10, y: 5 });
    expect(borderPoint(box("a", 0, 0), box("b", 0, -50))).toEqual({ x: 5, y: 0 });
    expect(borderPoint(box("a", 0, 0), box("b", 0, 0))).toEqual({ x: 5, y: 5 });
  });
});

describe("curves", () => {
  const straight = { start: { x: 0, y: 0 }, end: { x: 0, y: 100 } };

  it("leave downwards and arrive from above, also when the target is higher", () => {
    for (const end of [straight.end, { x: 50, y: -200 }]) {
      const [[a, b, c, d]] = piecesOf({ start: { x: 0, y: 0 }, end }) as [Piece];
      expect([b.y > a.y, c.y < d.y]).toEqual([true, true]);
    }
    expect(middleOf({ start: { x: 0, y: 0 }, end: { x: 0, y: -200 } }).x).toBeGreaterThan(120);
    expect(middleOf(straight)).toEqual({ x: 0, y: 50 });
  });

  it("run down in their lane, in one line without a gap", () => {
    const curve = { start: { x: 0, y: 0 }, end: { x: 20, y: 400 }, lane: 150 };
    const pieces = piecesOf(curve);
    expect([pieces[0]?.[0], pieces[2]?.[3]]).toEqual([curve.start, curve.end]);
    expect([pieces[0]?.[3], pieces[1]?.[3]]).toEqual([pieces[1]?.[0], pieces[2]?.[0]]);
    expect(middleOf(curve)).toEqual({ x: 150, y: 200 });
    expect(curveBounds(curve)).toEqual({ left: -1, right: 151, top: -1, bottom: 401 });
    expect(curvePath(curve).match(/C/g)).toHaveLength(3);
    expect(nearestCurve([["wire", curve]], { x: 145, y: 300 }, 20)).toBe("wire");
    expect(piecesOf({ ...curve, end: { x: 20, y: -10 } })).toHaveLength(1);
  });

  it("are found by a point near them", () => {
    const curves = [
      ["straight", straight],
      ["aside", { start: { x: 300, y: 0 }, end: { x: 300, y: 100 } }],
    ] as const;
    expect(nearestCurve(curves, { x: 12, y: 40 }, 20)).toBe("straight");
    expect(nearestCurve(curves, { x: 150, y: 40 }, 20)).toBeNull();
  });
});
