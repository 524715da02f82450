import { describe, expect, it } from "vitest";
import { squeeze } from "./squeeze";

const block = (id: string, top: number, bottom: number) => ({ id, top, bottom, height: 60 });

describe("a squeezed view", () => {
  it("shows a block at the height of its card and moves up what is below", () => {
    const { toView, tops } = squeeze([block("a", 100, 1100), block("b", 2000, 2500)]);
    expect([...tops]).toEqual([
      ["a", 100],
      ["b", 1060],
    ]);
    expect([0, 100, 600, 1100, 1500, 2600].map(toView)).toEqual([0, 100, 130, 160, 560, 1220]);
  });

  it("stacks blocks that stand at one height", () => {
    expect([...squeeze([block("right", 200, 900), block("left", 0, 500)]).tops]).toEqual([
      ["left", 0],
      ["right", 90],
    ]);
  });

  it("leads back to the document from everywhere", () => {
    const { toView, toDocument } = squeeze([
      block("a", 100, 1100),
      block("b", 1000, 1800),
      block("c", 3000, 3010),
    ]);
    for (let y = -200; y < 4000; y += 37) expect(toDocument(toView(y))).toBeCloseTo(y, 6);
  });

  it("without blocks is the document itself", () => expect(squeeze([]).toView(77)).toBe(77));
});
