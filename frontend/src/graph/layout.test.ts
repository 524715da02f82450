import ELK from "elkjs/lib/elk.bundled.js";
import { describe, expect, it } from "vitest";
import type { Box } from "./arrange";
import { layOut } from "./layout";

const elk = new ELK();
const boxes = (count: number): Box[] =>
  Array.from({ length: count }, (_, index) => ({ id: `n${index}`, x: 500, y: 100, width: 220, height: 58 }));
const wire = (source: number, target: number) => ({
  source: `n${source}`,
  source_port: "output",
  target: `n${target}`,
  target_port: "input",
});

describe("the layout", () => {
  it("puts every layer below its sources, and none upon another", async () => {
    const all = boxes(7);
    const wires = [wire(0, 1), wire(1, 2), wire(1, 3), wire(2, 4), wire(3, 4), wire(0, 4), wire(5, 6)];
    const places = await layOut(elk, all, wires);
    const at = (id: string) => places[id] as { x: number; y: number };
    for (const { source, target } of wires) expect(at(target).y).toBeGreaterThanOrEqual(at(source).y + 58);
    const ids = Object.keys(places);
    for (const left of ids) {
      for (const right of ids.filter((id) => id !== left)) {
        const apart = Math.abs(at(left).x - at(right).x) >= 220 || Math.abs(at(left).y - at(right).y) >= 58;
        expect([left, right, apart]).toEqual([left, right, true]);
      }
    }
  });

  it("keeps the top middle of where the boxes stood", async () => {
    const places = await layOut(elk, boxes(3), [wire(0, 1), wire(1, 2)]);
    expect(places.n0).toEqual({ x: 500, y: 100 });
    expect(places.n2?.x).toBe(500);
  });

  it("takes a wire to a box outside, and no boxes at all", async () => {
    expect(Object.keys(await layOut(elk, boxes(1), [wire(0, 9)]))).toEqual(["n0"]);
    expect(await layOut(elk, [], [])).toEqual({});
  });
});
