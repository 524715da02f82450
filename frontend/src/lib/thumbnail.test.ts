import { describe, expect, it } from "vitest";
import { layoutThumbnail, THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from "./thumbnail";

type Nodes = [number, number, string][];

const column = (count: number): Nodes =>
  Array.from({ length: count }, (_, index) => [0, index * 120, "core"]);

describe("layoutThumbnail", () => {
  it("shows nothing of an empty design", () => {
    expect(layoutThumbnail(null)).toEqual({ boxes: [], wires: [] });
    expect(layoutThumbnail({ nodes: [], edges: [] })).toEqual({ boxes: [], wires: [] });
  });

  it("lays a design that runs downwards on its side", () => {
    const { boxes } = layoutThumbnail({ nodes: column(5), edges: [] });
    expect(new Set(boxes.map((box) => box.y)).size).toBe(1);
    expect(boxes.map((box) => box.x)).toEqual([...boxes.map((box) => box.x)].sort((a, b) => a - b));
  });

  it.each([1, 2, 8, 60, 150])("keeps %i nodes inside the picture", (count) => {
    const spread: Nodes = column(count).map(([, y, category], index) => [(index % 3) * 240, y, category]);
    for (const nodes of [column(count), spread]) {
      for (const box of layoutThumbnail({ nodes, edges: [] }).boxes) {
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.y).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(THUMBNAIL_WIDTH);
        expect(box.y + box.height).toBeLessThanOrEqual(THUMBNAIL_HEIGHT);
      }
    }
  });

  it("draws a wire between two nodes it shows, and none to one that is left out", () => {
    const { wires } = layoutThumbnail({
      nodes: column(2),
      edges: [
        [0, 1],
        [1, 7],
      ],
    });
    expect(wires.map((wire) => wire.key)).toEqual(["0-1"]);
  });
});
