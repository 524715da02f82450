import type { ReactFlowInstance, Viewport } from "@xyflow/react";
import { type Box, boundsOf } from "@/graph/arrange";
import type { Point } from "@/graph/curve";
import type { FlowNode } from "./LayerNode";
import type { FlowEdge } from "./WireEdge";

export type Flow = ReactFlowInstance<FlowNode, FlowEdge>;

export const MIN_ZOOM = 0.02;
const ANIMATE = 220;
const REVEAL_ZOOM = 0.75;
/** The least zoom at which the words on a card are read without effort. */
const READABLE = 0.62;
const MANY = 60;
/** Pixels of the canvas' lower edge on which the buttons of the view lie. */
const FOOT = 52;
/** Pixels between what is kept in view and the edge of the canvas. */
const MARGIN = 20;

export interface Size {
  width: number;
  height: number;
}

type Span = readonly [start: number, end: number];

/** What people last chose to look at, in canvas pixels, and the view that the canvas made of it. */
interface Look {
  /** The room that it had. */
  size: Size;
  view: Viewport;
  /** What the view holds of the graph; null along a side where the graph goes on outside. */
  whole: { x: Span | null; y: Span | null };
  shown: Viewport;
}

/** Which part of the graph is in view. It is told of all cards, mounted or not. */
export class Camera {
  private look: Look | null = null;

  constructor(
    private readonly flow: Flow,
    private readonly element: () => HTMLElement | null,
  ) {}

  fit(boxes: readonly Box[], within: number = duration()): void {
    this.fitBoxes(boxes, { padding: 0.12, maxZoom: 1.1 }, within);
  }

  fitBoxes(
    boxes: readonly Box[],
    { padding, maxZoom }: { padding: number; maxZoom: number },
    within: number = duration(),
  ): void {
    const element = this.element();
    if (!element || boxes.length === 0) return;
    const { left, right, top, bottom } = boundsOf(boxes);
    const { width, height } = roomIn(sizeOf(element));
    const whole = Math.min(width / (right - left), height / (bottom - top)) * (1 - padding);
    const zoom = Math.max(MIN_ZOOM, Math.min(maxZoom, whole));
    const x = width / 2 - ((left + right) / 2) * zoom;
    const y = height / 2 - ((top + bottom) / 2) * zoom;
    void this.flow.setViewport({ x, y, zoom }, { duration: within });
  }

  /** The first view: everything, or the upper part of it where everything would be too small to read. */
  showAtFirst(boxes: readonly Box[]): void {
    const element = this.element();
    if (!element || boxes.length === 0) return;
    const { left, right, top, bottom } = boundsOf(boxes);
    const { width, height } = roomIn(sizeOf(element));
    const whole = Math.min(width / (right - left), height / (bottom - top)) * 0.88;
    const wide = (width / (right - left)) * 0.88 < READABLE;
    if (whole >= READABLE || (boxes.length > MANY && wide)) {
      this.fit(boxes, 0);
      return;
    }
    const zoom = Math.max(READABLE, Math.min(0.85, (width / (right - left)) * 0.88));
    const x = width / 2 - ((left + right) / 2) * zoom;
    void this.flow.setViewport({ x, y: 36 - top * zoom, zoom });
  }

  /**
   * Keep in view what was seen: the middle of the canvas stays its middle, and what was seen whole is drawn smaller
   * where there is less room for it. With the room the view comes back, unless somebody moved it meanwhile.
   */
  resized(before: Size, boxes: readonly Box[]): void {
    const element = this.element();
    if (!element || boxes.length === 0) return;
    const now = this.flow.getViewport();
    if (!this.look || !isSame(now, this.look.shown)) this.look = lookAt(before, now, boxes);
    const { size, view, whole } = this.look;
    const room = roomIn(sizeOf(element));
    const zoom = Math.max(
      MIN_ZOOM,
      Math.min(
        view.zoom,
        zoomFor(whole.x, size.width, room.width),
        zoomFor(whole.y, size.height, room.height),
      ),
    );
    this.look.shown = {
      x: along(whole.x, { from: view.x, old: size.width, now: room.width }, view.zoom, zoom),
      y: along(whole.y, { from: view.y, old: size.height, now: room.height }, view.zoom, zoom),
      zoom,
    };
    void this.flow.setViewport(this.look.shown);
  }

  zoomIn(): void {
    void this.flow.zoomIn({ duration: duration() / 2 });
  }

  zoomOut(): void {
    void this.flow.zoomOut({ duration: duration() / 2 });
  }

  reveal(node: FlowNode | undefined): void {
    const box = this.element()?.getBoundingClientRect();
    if (!node || !box) return;
    const zoom = this.flow.getZoom();
    const { x, y } = this.flow.flowToScreenPosition(node.position);
    const right = x + (node.width ?? 0) * zoom;
    const bottom = y + (node.height ?? 0) * zoom;
    const inside = x > box.left + 8 && y > box.top + 8 && right < box.right - 8 && bottom < box.bottom - 8;
    if (inside && zoom >= 0.4) return;
    const middle = {
      x: node.position.x + (node.width ?? 0) / 2,
      y: node.position.y + (node.height ?? 0) / 2,
    };
    void this.flow.setCenter(middle.x, middle.y, { zoom: Math.max(zoom, REVEAL_ZOOM), duration: duration() });
  }

  viewCenter(): Point {
    const box = this.element()?.getBoundingClientRect();
    if (!box) return { x: 0, y: 0 };
    return this.flow.screenToFlowPosition({ x: box.left + box.width / 2, y: box.top + box.height / 2 });
  }
}

export function sizeOf({ clientWidth, clientHeight }: HTMLElement): Size {
  return { width: clientWidth, height: clientHeight };
}

/** Where a graph goes of which all is shown: above the buttons. */
function roomIn({ width, height }: Size): Size {
  return { width, height: Math.max(1, height - FOOT) };
}

function isSame(left: Viewport, right: Viewport): boolean {
  return (
    Math.abs(left.x - right.x) < 1 &&
    Math.abs(left.y - right.y) < 1 &&
    Math.abs(left.zoom - right.zoom) < 1e-3
  );
}

function lookAt(before: Size, view: Viewport, boxes: readonly Box[]): Look {
  const size = roomIn(before);
  const { x, y, zoom } = view;
  const left = -x / zoom;
  const top = -y / zoom;
  const right = left + before.width / zoom;
  const bottom = top + before.height / zoom;
  const seen = boxes.filter(
    (box) => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top,
  );
  if (seen.length === 0) return { size, view, whole: { x: null, y: null }, shown: view };
  const bounds = boundsOf(seen);
  const within = (start: number, end: number, from: number, to: number): Span | null =>
    start >= from && end <= to ? [start, end] : null;
  const whole = {
    x: within(bounds.left, bounds.right, left, right),
    y: within(bounds.top, bounds.bottom, top, bottom),
  };
  return { size, view, whole, shown: view };
}

/** The largest zoom at which what was whole fits into less room. */
function zoomFor(whole: Span | null, old: number, now: number): number {
  if (!whole || now >= old) return Number.POSITIVE_INFINITY;
  return Math.max(1, now - 2 * MARGIN) / (whole[1] - whole[0]);
}

/** Where the canvas begins along one side, so that what was in its middle stays there and what was whole is inside. */
function along(
  whole: Span | null,
  { from, old, now }: { from: number; old: number; now: number },
  before: number,
  zoom: number,
): number {
  const middle = (old / 2 - from) / before;
  // Of a graph that goes on outside, the upper left of the view stays where it is.
  if (!whole) return (from * zoom) / before;
  const start = now / 2 - middle * zoom;
  if (now >= old) return start;
  const least = MARGIN - whole[0] * zoom;
  const most = now - MARGIN - whole[1] * zoom;
  return Math.min(Math.max(start, Math.min(least, most)), Math.max(least, most));
}

function duration(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ANIMATE;
}
