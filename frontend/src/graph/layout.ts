import type { ELK, ElkNode } from "elkjs/lib/elk-api";
import type { Box, Places } from "./arrange";

export interface LayoutWire {
  source: string;
  source_port: string;
  target: string;
  target_port: string;
}

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.layered.spacing.nodeNodeBetweenLayers": "44",
  "elk.spacing.nodeNode": "40",
  "elk.spacing.componentComponent": "64",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};

/** The graph in ELK's words. Only wires between the given boxes count. */
export function elkGraph(boxes: readonly Box[], wires: readonly LayoutWire[]): ElkNode {
  const ids = new Set(boxes.map((box) => box.id));
  return {
    id: "design",
    layoutOptions: OPTIONS,
    children: boxes.map(({ id, width, height }) => ({ id, width, height })),
    edges: wires
      .filter((wire) => ids.has(wire.source) && ids.has(wire.target))
      .map((wire, index) => ({ id: `wire${index}`, sources: [wire.source], targets: [wire.target] })),
  };
}

/**
 * Places for `boxes` in layers from top to bottom. The result keeps the top middle of where they stood, so that
 * tidying a part leaves it in its surroundings.
 */
export async function layOut(elk: ELK, boxes: readonly Box[], wires: readonly LayoutWire[]): Promise<Places> {
  if (boxes.length === 0) return {};
  const laid = (await elk.layout(elkGraph(boxes, wires))).children ?? [];
  const before = middleTop(boxes);
  const after = middleTop(
    laid.map((box) => ({
      id: box.id,
      x: box.x ?? 0,
      y: box.y ?? 0,
      width: box.width ?? 0,
      height: box.height ?? 0,
    })),
  );
  return Object.fromEntries(
    laid.map((box) => [
      box.id,
      { x: Math.round((box.x ?? 0) - after.x + before.x), y: Math.round((box.y ?? 0) - after.y + before.y) },
    ]),
  );
}

function middleTop(boxes: readonly Box[]): { x: number; y: number } {
  const left = Math.min(...boxes.map((box) => box.x));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  return { x: (left + right) / 2, y: Math.min(...boxes.map((box) => box.y)) };
}
