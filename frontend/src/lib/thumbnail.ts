import type { ThumbnailData } from "@/api/types";

export const THUMBNAIL_WIDTH = 280;
export const THUMBNAIL_HEIGHT = 116;
const MARGIN = 14;

export interface ThumbnailBox {
  key: string;
  x: number;
  y: number;
  width: number;
  height: number;
  category: string;
}

export interface ThumbnailWire {
  key: string;
  path: string;
}

/** The closest that two distinct values stand, or `whole` when there is only one. */
function closest(values: number[], whole: number): number {
  const sorted = [...new Set(values.map(Math.round))].sort((a, b) => a - b);
  let least = whole;
  for (let index = 1; index < sorted.length; index += 1) {
    const gap = (sorted[index] ?? 0) - (sorted[index - 1] ?? 0);
    if (gap > 1) least = Math.min(least, gap);
  }
  return least;
}

function bend(x1: number, y1: number, x2: number, y2: number): string {
  if (Math.abs(x2 - x1) >= Math.abs(y2 - y1)) {
    const middle = (x1 + x2) / 2;
    return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  }
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
}

function span(values: number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** A design that runs down the canvas is laid on its side: the picture is wider than high. */
function lying(nodes: ThumbnailData["nodes"]): ThumbnailData["nodes"] {
  const tall = span(nodes.map(([, y]) => y)) > span(nodes.map(([x]) => x));
  return tall ? nodes.map(([x, y, category]) => [y, x, category]) : nodes;
}

/** Fit a design's nodes into the picture; each axis is scaled by itself, so that a long chain stays visible. */
export function layoutThumbnail(data: ThumbnailData | null): {
  boxes: ThumbnailBox[];
  wires: ThumbnailWire[];
} {
  if (!data || data.nodes.length === 0) return { boxes: [], wires: [] };
  const nodes = lying(data.nodes);
  const xs = nodes.map(([x]) => x);
  const ys = nodes.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const innerWidth = THUMBNAIL_WIDTH - 2 * MARGIN - 26;
  const innerHeight = THUMBNAIL_HEIGHT - 2 * MARGIN - 10;
  // A few nodes do not spread over the whole picture: at most 64 by 34 between neighbours.
  const scaleX = Math.min(innerWidth / Math.max(1, right - left), 64 / closest(xs, 64));
  const scaleY = Math.min(innerHeight / Math.max(1, bottom - top), 34 / closest(ys, 34));
  const width = Math.min(30, Math.max(5, 0.66 * closest(xs, 1e6) * scaleX));
  const height = Math.min(width * 0.52 + 3, Math.max(4, 0.6 * closest(ys, 1e6) * scaleY));
  const place = (x: number, y: number): [number, number] => [
    THUMBNAIL_WIDTH / 2 + (x - (left + right) / 2) * scaleX,
    THUMBNAIL_HEIGHT / 2 + (y - (top + bottom) / 2) * scaleY,
  ];
  const centers = nodes.map(([x, y]) => place(x, y));
  const boxes = nodes.map(([, , category], index) => {
    const [x, y] = centers[index] ?? [0, 0];
    return { key: String(index), x: x - width / 2, y: y - height / 2, width, height, category };
  });
  const wires = data.edges.flatMap(([from, to]) => {
    const [a, b] = [centers[from], centers[to]];
    return a && b ? [{ key: `${from}-${to}`, path: bend(a[0], a[1], b[0], b[1]) }] : [];
  });
  return { boxes, wires };
}
