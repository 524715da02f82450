import type { ReactFlowInstance } from "@xyflow/react";
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

/** Which part of the graph is in view. It is told of all cards, mounted or not. */
export class Camera {
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
    const { clientWidth, clientHeight } = element;
    const whole = Math.min(clientWidth / (right - left), clientHeight / (bottom - top)) * (1 - padding);
    const zoom = Math.max(MIN_ZOOM, Math.min(maxZoom, whole));
    const x = clientWidth / 2 - ((left + right) / 2) * zoom;
    const y = clientHeight / 2 - ((top + bottom) / 2) * zoom;
    void this.flow.setViewport({ x, y, zoom }, { duration: within });
  }

  /** The first view: everything, or the upper part of it where everything would be too small to read. */
  showAtFirst(boxes: readonly Box[]): void {
    const element = this.element();
    if (!element || boxes.length === 0) return;
    const { left, right, top, bottom } = boundsOf(boxes);
    const { clientWidth, clientHeight } = element;
    const whole = Math.min(clientWidth / (right - left), clientHeight / (bottom - top)) * 0.88;
    const wide = (clientWidth / (right - left)) * 0.88 < READABLE;
    if (whole >= READABLE || (boxes.length > MANY && wide)) {
      this.fit(boxes, 0);
      return;
    }
    const zoom = Math.max(READABLE, Math.min(0.85, (clientWidth / (right - left)) * 0.88));
    const x = clientWidth / 2 - ((left + right) / 2) * zoom;
    void this.flow.setViewport({ x, y: 36 - top * zoom, zoom });
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

function duration(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ANIMATE;
}
