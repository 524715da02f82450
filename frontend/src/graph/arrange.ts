export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Places = Record<string, { x: number; y: number }>;
export type Alignment = "left" | "center" | "right" | "top" | "middle" | "bottom";

interface Bounds {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function boundsOf(boxes: readonly Box[]): Bounds {
  return {
    left: Math.min(...boxes.map((box) => box.x)),
    right: Math.max(...boxes.map((box) => box.x + box.width)),
    top: Math.min(...boxes.map((box) => box.y)),
    bottom: Math.max(...boxes.map((box) => box.y + box.height)),
  };
}

/** The places of `boxes` when the named side or middle of all is where that of their bounds is. */
export function align(boxes: readonly Box[], how: Alignment): Places {
  const { left, right, top, bottom } = boundsOf(boxes);
  const place: Record<Alignment, (box: Box) => { x: number; y: number }> = {
    left: (box) => ({ x: left, y: box.y }),
    center: (box) => ({ x: (left + right - box.width) / 2, y: box.y }),
    right: (box) => ({ x: right - box.width, y: box.y }),
    top: (box) => ({ x: box.x, y: top }),
    middle: (box) => ({ x: box.x, y: (top + bottom - box.height) / 2 }),
    bottom: (box) => ({ x: box.x, y: bottom - box.height }),
  };
  return Object.fromEntries(boxes.map((box) => [box.id, place[how](box)]));
}

/** The places of `boxes` with equal gaps between neighbours; the outermost two stay. */
export function distribute(boxes: readonly Box[], axis: "x" | "y"): Places {
  const size = axis === "x" ? "width" : "height";
  const ordered = [...boxes].sort((left, right) => left[axis] - right[axis]);
  const first = ordered[0];
  const last = ordered.at(-1);
  if (!first || !last || ordered.length < 3) return {};
  const filled = ordered.reduce((sum, box) => sum + box[size], 0);
  const gap = (last[axis] + last[size] - first[axis] - filled) / (ordered.length - 1);
  const places: Places = {};
  let at = first[axis];
  for (const box of ordered) {
    places[box.id] = { x: box.x, y: box.y, [axis]: at };
    at += box[size] + gap;
  }
  return places;
}

/** A line along which a moved box is aligned with others, from `from` to `to` on the other axis. */
export interface Guide {
  axis: "x" | "y";
  at: number;
  from: number;
  to: number;
}

export interface Snapped {
  x: number;
  y: number;
  guides: Guide[];
}

/** `moved` pulled to the sides and middles of `others` that are nearer than `reach`, with the lines to draw. */
export function snap(moved: Box, others: readonly Box[], reach: number): Snapped {
  const horizontal = nearest(moved, others, "x", reach);
  const vertical = nearest(moved, others, "y", reach);
  const place = { x: moved.x + (horizontal?.shift ?? 0), y: moved.y + (vertical?.shift ?? 0) };
  const guides = [horizontal, vertical].flatMap((match) =>
    match ? [guideFor(match, { ...moved, ...place })] : [],
  );
  return { ...place, guides };
}

interface Match {
  axis: "x" | "y";
  shift: number;
  at: number;
  other: Box;
}

function nearest(moved: Box, others: readonly Box[], axis: "x" | "y", reach: number): Match | null {
  let best: Match | null = null;
  const own = lines(moved, axis);
  for (const other of others) {
    const theirs = lines(other, axis);
    for (let index = 0; index < 3; index++) {
      const at = theirs[index] as number;
      const shift = at - (own[index] as number);
      if (Math.abs(shift) <= reach && Math.abs(shift) < Math.abs(best?.shift ?? Number.POSITIVE_INFINITY)) {
        best = { axis, shift, at, other };
      }
    }
  }
  return best;
}

function lines(box: Box, axis: "x" | "y"): [number, number, number] {
  const size = axis === "x" ? box.width : box.height;
  return [box[axis] + size / 2, box[axis], box[axis] + size];
}

function guideFor({ axis, at, other }: Match, moved: Box): Guide {
  const { left, right, top, bottom } = boundsOf([moved, other]);
  return axis === "x" ? { axis, at, from: top, to: bottom } : { axis, at, from: left, to: right };
}

/** The box nearest to `from` in a direction, preferring those straight ahead; null when there is none. */
export function neighbour(
  from: Box,
  others: readonly Box[],
  direction: "left" | "right" | "up" | "down",
): Box | null {
  const axis = direction === "left" || direction === "right" ? "x" : "y";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const cross = axis === "x" ? "y" : "x";
  let best: Box | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const other of others) {
    const ahead = (center(other, axis) - center(from, axis)) * sign;
    if (other.id === from.id || ahead <= 1) continue;
    const cost = ahead + 2 * Math.abs(center(other, cross) - center(from, cross));
    if (cost < bestCost) {
      best = other;
      bestCost = cost;
    }
  }
  return best;
}

/** Where the straight line between the middles of two boxes leaves the first. */
export function borderPoint(from: Box, to: Box): { x: number; y: number } {
  const middle = { x: center(from, "x"), y: center(from, "y") };
  const dx = center(to, "x") - middle.x;
  const dy = center(to, "y") - middle.y;
  const part = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : from.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : from.height / 2 / Math.abs(dy),
    1,
  );
  return { x: middle.x + dx * part, y: middle.y + dy * part };
}

function center(box: Box, axis: "x" | "y"): number {
  return lines(box, axis)[0];
}
