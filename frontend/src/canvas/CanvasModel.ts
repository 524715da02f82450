import type { Block } from "@/graph/blocks";
import { type Curve, curveBounds } from "@/graph/curve";
import { lanesOf } from "@/graph/lanes";
import { NOT_SQUEEZED, type Squeeze } from "@/graph/squeeze";
import { wireEnd } from "./card";
import type { FlowNode } from "./LayerNode";

/** A wire as it is drawn: at a collapsed block, all wires from one place to another are one. */
export interface ShownWire {
  key: string;
  source: string;
  source_port: string;
  target: string;
  target_port: string;
  /** The output whose shape is written on it. */
  from: { node: string; port: string };
  /** One of its ends is a collapsed block: it can be looked at, not taken hold of. */
  routed: boolean;
}

/** The x at which a wire runs beside the cards in its way, by the key of the wire; most have none. */
export type Lanes = ReadonlyMap<string, number>;

export const NO_LANES: Lanes = new Map();

export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Everything that the canvas shows of one graph, mounted or not, in view coordinates. */
export class CanvasModel {
  nodes: readonly FlowNode[] = [];
  wires: readonly ShownWire[] = [];
  lanes: Lanes = NO_LANES;
  squeeze: Squeeze = NOT_SQUEEZED;
  private byId = new Map<string, FlowNode>();
  private blockOf = new Map<string, string>();
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  update(
    nodes: readonly FlowNode[],
    wires: readonly ShownWire[],
    lanes: Lanes,
    view: Squeeze,
    blocks: readonly Block[],
  ): void {
    if (nodes !== this.nodes) this.byId = new Map(nodes.map((node) => [node.id, node]));
    this.nodes = nodes;
    this.wires = wires;
    this.lanes = lanes;
    this.squeeze = view;
    this.blockOf = new Map(blocks.flatMap((block) => block.nodes.map((id) => [id, block.id] as const)));
    for (const listener of this.listeners) listener();
  }

  find(id: string): FlowNode | undefined {
    return this.byId.get(id);
  }

  /** The collapsed block that `node` is in. */
  blockWith(node: string): string | undefined {
    return this.blockOf.get(node);
  }

  curveOf(wire: ShownWire): Curve | null {
    return curveBetween(wire, this.byId, this.lanes);
  }

  /** The cards that a box touches. */
  cardsIn(box: Rect): FlowNode[] {
    return this.nodes.filter((node) => overlaps(boxOf(node), box));
  }

  /** The topmost card under a point. */
  nodeAt(x: number, y: number): FlowNode | undefined {
    return this.nodes.findLast(
      ({ position, width = 0, height = 0 }) =>
        x >= position.x && x <= position.x + width && y >= position.y && y <= position.y + height,
    );
  }
}

/** The cards in a part of the canvas, and those at the ends of a wire that passes there. */
export function cardsWithin(
  nodes: readonly FlowNode[],
  wires: readonly ShownWire[],
  lanes: Lanes,
  rect: Rect,
): Set<string | null> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Set<string | null>();
  for (const node of nodes) if (overlaps(boxOf(node), rect)) found.add(node.id);
  for (const wire of wires) {
    if (found.has(wire.source) && found.has(wire.target)) continue;
    const curve = curveBetween(wire, byId, lanes);
    if (!curve || !overlaps(curveBounds(curve), rect)) continue;
    found.add(wire.source);
    found.add(wire.target);
  }
  return found;
}

function curveBetween(wire: ShownWire, byId: ReadonlyMap<string, FlowNode>, lanes: Lanes): Curve | null {
  const from = byId.get(wire.source);
  const to = byId.get(wire.target);
  if (!from || !to) return null;
  const start = wireEnd(from.data.ports, "source", wire.source_port);
  const end = wireEnd(to.data.ports, "target", wire.target_port);
  return {
    start: { x: from.position.x + start.x, y: from.position.y + start.y },
    end: { x: to.position.x + end.x, y: to.position.y + end.y },
    lane: lanes.get(wire.key),
  };
}

export function overlaps(a: Rect, b: Rect): boolean {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}

export function contains(outer: Rect, inner: Rect): boolean {
  return (
    outer.left <= inner.left &&
    outer.right >= inner.right &&
    outer.top <= inner.top &&
    outer.bottom >= inner.bottom
  );
}

/** Where wires run beside the cards that are in their way, for the cards as they stand. */
export function lanesBeside(nodes: readonly FlowNode[], wires: readonly ShownWire[]): Lanes {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const boxes = nodes.map(({ id, position, width = 0, height = 0 }) => ({ id, ...position, width, height }));
  const strands = wires.flatMap((wire) => {
    const curve = curveBetween(wire, byId, NO_LANES);
    return curve ? [{ key: wire.key, source: wire.source, target: wire.target, curve }] : [];
  });
  return lanesOf(boxes, strands);
}

function boxOf({ position, width = 0, height = 0 }: FlowNode): Rect {
  return { left: position.x, top: position.y, right: position.x + width, bottom: position.y + height };
}
