import { useMemo, useRef } from "react";
import { type Lanes, lanesBeside, NO_LANES, type ShownWire } from "./CanvasModel";
import type { FlowNode } from "./LayerNode";

/**
 * The lanes of wires; the same map as long as they stay. `epoch` counts what the document changed: they wait for the
 * end of a drag, and are not looked for again where no card moved and no port changed.
 */
export function useLanes(nodes: readonly FlowNode[], epoch: number, wires: readonly ShownWire[]): Lanes {
  const last = useRef({ nodes, wires, lanes: NO_LANES });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a drag under way changes nodes, but not the epoch
  return useMemo(() => {
    const before = last.current;
    const found =
      before.wires === wires && stand(nodes, before.nodes) ? before.lanes : lanesBeside(nodes, wires);
    const lanes = sameLanes(found, before.lanes) ? before.lanes : found;
    last.current = { nodes, wires, lanes };
    return lanes;
  }, [epoch, wires]);
}

function stand(nodes: readonly FlowNode[], before: readonly FlowNode[]): boolean {
  return (
    nodes.length === before.length &&
    nodes.every(({ position, data }, index) => {
      const was = before[index];
      return was?.position === position && was.data === data;
    })
  );
}

function sameLanes(left: Lanes, right: Lanes): boolean {
  return left.size === right.size && [...left].every(([key, lane]) => right.get(key) === lane);
}
