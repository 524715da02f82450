import type { NodeCall } from "@/document";

const counts = new WeakMap<object, Map<string, string[]>>();

/** The nodes that call each layer. */
export function callsByLayer(nodes: Record<string, NodeCall>): Map<string, string[]> {
  let index = counts.get(nodes);
  if (!index) {
    index = new Map();
    for (const [id, { layer }] of Object.entries(nodes)) index.set(layer, [...(index.get(layer) ?? []), id]);
    counts.set(nodes, index);
  }
  return index;
}

/** How many nodes call `layer`; more than one means that they share its weights. */
export function callsOf(nodes: Record<string, NodeCall>, layer: string | undefined): number {
  return layer === undefined ? 0 : (callsByLayer(nodes).get(layer)?.length ?? 0);
}
