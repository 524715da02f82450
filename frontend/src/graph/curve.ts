export interface Point {
  x: number;
  y: number;
}

/** A wire leaves its source downwards and enters its target from above. */
export interface Curve {
  start: Point;
  end: Point;
  /** The x at which it runs down beside the cards that are in its way. */
  lane?: number;
}

/** The height in which a wire turns into its lane, and out of it again. */
export const TURN = 36;

/** The control points of a part of a drawn curve. */
export type Piece = readonly [Point, Point, Point, Point];

/** What a curve is drawn of: one piece, or with a lane three, of which the middle one is straight. */
export function piecesOf({ start, end, lane }: Curve): readonly Piece[] {
  if (lane === undefined || end.y - start.y < 2 * TURN) return [controlPoints({ start, end })];
  const top = { x: lane, y: start.y + TURN };
  const bottom = { x: lane, y: end.y - TURN };
  return [
    controlPoints({ start, end: top }),
    [top, top, bottom, bottom],
    controlPoints({ start: bottom, end }),
  ];
}

function controlPoints({ start, end }: Curve): Piece {
  const down = end.y - start.y;
  if (down > 0) {
    const bend = Math.max(down / 2, Math.min(24, down));
    return [start, { x: start.x, y: start.y + bend }, { x: end.x, y: end.y - bend }, end];
  }
  const bend = Math.min(160, 70 + Math.abs(down) / 4);
  // A wire that goes up again passes beside the cards instead of behind them.
  const aside = Math.max(0, 260 - Math.abs(end.x - start.x));
  return [start, { x: start.x + aside, y: start.y + bend }, { x: end.x + aside, y: end.y - bend }, end];
}

export function curvePath(curve: Curve): string {
  const bends = piecesOf(curve).map(([, b, c, d]) => `C${b.x},${b.y} ${c.x},${c.y} ${d.x},${d.y}`);
  return `M${curve.start.x},${curve.start.y} ${bends.join(" ")}`;
}

/** Halfway along a curve, where its words stand. */
export function middleOf(curve: Curve): Point {
  const pieces = piecesOf(curve);
  return pointAt(pieces[pieces.length >> 1] as Piece, 0.5);
}

function pointAt([a, b, c, d]: Piece, t: number): Point {
  const s = 1 - t;
  const at = (axis: "x" | "y") =>
    s * s * s * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t * t * t * d[axis];
  return { x: at("x"), y: at("y") };
}

/** A rectangle that the whole curve is in. */
export function curveBounds(curve: Curve): { left: number; top: number; right: number; bottom: number } {
  const points = piecesOf(curve).flat();
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return {
    left: Math.min(...xs) - 1,
    top: Math.min(...ys) - 1,
    right: Math.max(...xs) + 1,
    bottom: Math.max(...ys) + 1,
  };
}

const SAMPLES = 16;

/** The key of the curve that passes nearest to `point`, within `reach`; null when none does. */
export function nearestCurve(
  curves: Iterable<readonly [string, Curve]>,
  point: Point,
  reach: number,
): string | null {
  let best: string | null = null;
  let bestDistance = reach;
  for (const [key, curve] of curves) {
    if (!mayTouch(curve, point, reach)) continue;
    const distance = distanceTo(curve, point);
    if (distance < bestDistance) {
      best = key;
      bestDistance = distance;
    }
  }
  return best;
}

function mayTouch(curve: Curve, point: Point, reach: number): boolean {
  const { left, top, right, bottom } = curveBounds(curve);
  return (
    point.x >= left - reach && point.x <= right + reach && point.y >= top - reach && point.y <= bottom + reach
  );
}

function distanceTo(curve: Curve, point: Point): number {
  let least = Number.POSITIVE_INFINITY;
  for (const piece of piecesOf(curve)) {
    let from = pointAt(piece, 0);
    for (let index = 1; index <= SAMPLES; index++) {
      const to = pointAt(piece, index / SAMPLES);
      least = Math.min(least, segmentDistance(from, to, point));
      from = to;
    }
  }
  return least;
}

function segmentDistance(from: Point, to: Point, point: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(point.x - from.x - t * dx, point.y - from.y - t * dy);
}
