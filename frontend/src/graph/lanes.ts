import type { Box } from "./arrange";
import { type Curve, type Point, TURN } from "./curve";

/** A wire by its key, with the cards at its ends and the way it takes when nothing stands in it. */
export interface Strand {
  key: string;
  source: string;
  target: string;
  curve: Curve;
}

/** Pixels between a card and a lane beside it: half of the words on a wire. */
const CLEAR = 34;
/** Pixels between lanes that run side by side. */
const STEP = 18;
/** More lanes than these side by side nobody can follow; the next one runs over the last. */
const MOST_BESIDE = 16;
/** A wire shorter than this has no room for a card in between. */
const SHORTEST = 2 * TURN + 30;

/** Where a wire runs down beside the cards that it would else pass behind: the x of its lane, by its key. */
export function lanesOf(cards: readonly Box[], strands: readonly Strand[]): Map<string, number> {
  const lanes = new Map<string, number>();
  const downwards = cards.toSorted((a, b) => a.y - b.y);
  const tallest = Math.max(0, ...cards.map((card) => card.height));
  const used: { lane: number; start: Point; bottom: number }[] = [];
  // The shorter ones stand closer to the cards, so that a bridge over a bridge is drawn around it.
  for (const { key, source, target, curve } of strands.toSorted((a, b) => lengthOf(a) - lengthOf(b))) {
    const { start, end } = curve;
    if (end.y - start.y < SHORTEST) continue;
    const between = cardsBetween(downwards, tallest, start.y, end.y).filter(
      ({ id }) => id !== source && id !== target,
    );
    if (!between.some((card) => passesBehind(curve, card))) continue;
    const middle = (start.x + end.x) / 2;
    const [left, right] = covered(between, middle);
    const side = middle - left < right - middle ? -1 : 1;
    let lane = side < 0 ? left : right;
    // Wires of one port carry one tensor and may run in one lane.
    const taken = (x: number) =>
      used.some(
        (each) =>
          Math.abs(each.lane - x) < STEP &&
          each.start.y < end.y &&
          each.bottom > start.y &&
          (each.start.x !== start.x || each.start.y !== start.y),
      );
    for (let beside = 0; beside < MOST_BESIDE && taken(lane); beside++) lane += side * STEP;
    used.push({ lane, start, bottom: end.y });
    lanes.set(key, lane);
  }
  return lanes;
}

function lengthOf({ curve: { start, end } }: Strand): number {
  return end.y - start.y;
}

/** The cards that reach between two heights, of those in order from top to bottom. */
function cardsBetween(downwards: readonly Box[], tallest: number, top: number, bottom: number): Box[] {
  const found: Box[] = [];
  for (let index = firstBelow(downwards, top - tallest); index < downwards.length; index++) {
    const card = downwards[index] as Box;
    if (card.y >= bottom) break;
    if (card.y + card.height > top) found.push(card);
  }
  return found;
}

function firstBelow(downwards: readonly Box[], height: number): number {
  let [low, high] = [0, downwards.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((downwards[middle] as Box).y < height) low = middle + 1;
    else high = middle;
  }
  return low;
}

function passesBehind({ start, end }: Curve, card: Box): boolean {
  const left = Math.min(start.x, end.x);
  const right = Math.max(start.x, end.x);
  if (card.x >= right + 1 || card.x + card.width <= left - 1) return false;
  // The curve only goes down and only to one side: over the height of a card it stays between these two.
  const [one, other] = [xAt({ start, end }, card.y), xAt({ start, end }, card.y + card.height)];
  return card.x < Math.max(one, other) + 1 && card.x + card.width > Math.min(one, other) - 1;
}

/** Where a curve that goes down is at a height: its two halves bend alike, so a few steps find the part of the way. */
function xAt({ start, end }: Curve, y: number): number {
  const wanted = Math.max(0, Math.min(1, (y - start.y) / (end.y - start.y)));
  let [low, high] = [0, 1];
  for (let step = 0; step < 12; step++) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) + t ** 3 < wanted) low = t;
    else high = t;
  }
  const t = (low + high) / 2;
  return start.x + (end.x - start.x) * t * t * (3 - 2 * t);
}

/** The stretch around `x` that cards cover without a gap wide enough for a lane. */
function covered(cards: readonly Box[], x: number): [number, number] {
  let [left, right] = [x, x];
  for (let grown = true; grown; ) {
    grown = false;
    for (const card of cards) {
      const from = card.x - CLEAR;
      const to = card.x + card.width + CLEAR;
      if (from > right || to < left || (from >= left && to <= right)) continue;
      left = Math.min(left, from);
      right = Math.max(right, to);
      grown = true;
    }
  }
  return [left, right];
}
