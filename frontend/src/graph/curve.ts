export interface Point {
  x: number;
  y: number;
}

/** A wire leaves its source downwards and enters its target from above. */
export interface Curve {
  start: Point;
  end: Point;
}

/** The four control points of the drawn curve. */
export function controlPoints({ start, end }: Curve): [Point, Point, Point, Point] {
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
  const [a, b, c, d] = controlPoints(curve);
  return `M${a.x},${a.y} C${b.x},${b.y} ${c.x},${c.y} ${d.x},${d.y}`;
}

export function pointAt(curve: Curve, t: number): Point {
  const [a, b, c, d] = controlPoints(curve);
  const s = 1 - t;
  const at = (axis: "x" | "y") =>
    s * s * s * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t * t * t * d[axis];
  return { x: at("x"), y: at("y") };
}

/** A rectangle that the whole curve is in. */
export function curveBounds(curve: Curve): { left: number; top: number; right: number; bottom: number } {
  const points = controlPoints(curve);
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
  const points = controlPoints(curve);
  const xs = points.map((each) => each.x);
  const ys = points.map((each) => each.y);
  return (
    point.x >= Math.min(...xs) - reach &&
    point.x <= Math.max(...xs) + reach &&
    point.y >= Math.min(...ys) - reach &&
    point.y <= Math.max(...ys) + reach
  );
}

function distanceTo(curve: Curve, point: Point): number {
  let least = Number.POSITIVE_INFINITY;
  let from = pointAt(curve, 0);
  for (let index = 1; index <= SAMPLES; index++) {
    const to = pointAt(curve, index / SAMPLES);
    least = Math.min(least, segmentDistance(from, to, point));
    from = to;
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
