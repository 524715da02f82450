import { describe, expect, it } from "vitest";
import type { Box } from "./arrange";
import { lanesOf, type Strand } from "./lanes";

const WIDTH = 200;
const HEIGHT = 60;
const ROW = 100;

/** A column of cards, one below the other. */
function column(count: number, x = 0): Box[] {
  return Array.from({ length: count }, (_, row) => ({
    id: `${x}-${row}`,
    x,
    y: row * ROW,
    width: WIDTH,
    height: HEIGHT,
  }));
}

/** A wire from the middle of one card to that of another. */
function strand(from: Box, to: Box): Strand {
  const start = { x: from.x + WIDTH / 2, y: from.y + HEIGHT };
  const end = { x: to.x + WIDTH / 2, y: to.y };
  return { key: `${from.id}>${to.id}`, source: from.id, target: to.id, curve: { start, end } };
}

const at = (cards: Box[], index: number) => cards[index] as Box;

describe("a lane", () => {
  it("is found for a wire that would pass behind a card, and for no other", () => {
    const chain = column(4);
    const wires = [0, 1, 2].map((row) => strand(at(chain, row), at(chain, row + 1)));
    const skip = strand(at(chain, 0), at(chain, 3));
    expect([...lanesOf(chain, [...wires, skip])]).toEqual([[skip.key, WIDTH + 34]]);
    const ends = [at(chain, 0), at(chain, 3)];
    expect(lanesOf(ends, [strand(at(ends, 0), at(ends, 1))])).toEqual(new Map());
    expect(lanesOf(chain, [strand(at(chain, 3), at(chain, 0))])).toEqual(new Map());
  });

  it("of a bridge over a bridge runs around that one", () => {
    const chain = column(6);
    const outer = strand(at(chain, 0), at(chain, 5));
    const inner = strand(at(chain, 1), at(chain, 4));
    const lanes = lanesOf(chain, [outer, inner]);
    expect(lanes.get(inner.key)).toBe(WIDTH + 34);
    expect(lanes.get(outer.key)).toBeGreaterThan(lanes.get(inner.key) ?? 0);
    const [above, below] = [strand(at(chain, 0), at(chain, 2)), strand(at(chain, 3), at(chain, 5))];
    expect(new Set(lanesOf(chain, [above, below]).values())).toEqual(new Set([WIDTH + 34]));
  });

  it("is shared by the wires of one port", () => {
    const chain = column(5);
    const wires = [2, 3, 4].map((row) => strand(at(chain, 0), at(chain, row)));
    expect(new Set(lanesOf(chain, wires).values())).toEqual(new Set([WIDTH + 34]));
  });

  it("is on the nearer side, and beyond cards that stand side by side", () => {
    const [left, right] = [column(3), column(3, WIDTH + 40)];
    const ends = [
      { ...at(left, 0), id: "top" },
      { ...at(left, 2), id: "bottom" },
    ];
    const skip = strand(at(ends, 0), at(ends, 1));
    expect([...lanesOf([...ends, at(left, 1), at(right, 1)], [skip]).values()]).toEqual([-34]);
    expect([...lanesOf([...ends, at(left, 1), { ...at(right, 1), x: 2 * WIDTH }], [skip]).values()]).toEqual([
      WIDTH + 34,
    ]);
  });

  it("touches no card on its way, wherever the cards stand", () => {
    let seed = 7;
    const random = (most: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % most;
    };
    let found = 0;
    for (let round = 0; round < 300; round++) {
      const cards = Array.from({ length: 12 }, (_, index) => ({
        id: String(index),
        x: random(900),
        y: 100 + random(600),
        width: WIDTH,
        height: HEIGHT,
      }));
      const [top, bottom] = [
        { id: "top", x: random(900), y: 0, width: WIDTH, height: HEIGHT },
        { id: "bottom", x: random(900), y: 800, width: WIDTH, height: HEIGHT },
      ];
      const [lane] = lanesOf([top, ...cards, bottom], [strand(top, bottom)]).values();
      if (lane === undefined) continue;
      found += 1;
      expect(cards.filter((card) => lane > card.x - 34 && lane < card.x + WIDTH + 34)).toEqual([]);
    }
    expect(found).toBeGreaterThan(100);
  });
});
