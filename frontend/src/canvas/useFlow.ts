import { applyNodeChanges, type NodeChange } from "@xyflow/react";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useSelection } from "@/actions";
import { type NodeCall, useDocumentSelector, useEdges, type Wire } from "@/document";
import type { NodePorts } from "@/graph/connections";
import { cardHandles, cardSize } from "./card";
import { nodePorts } from "./graphOf";
import type { FlowNode } from "./LayerNode";
import { useCanvasState } from "./state";
import type { FlowEdge } from "./WireEdge";

interface Drawn {
  call: NodeCall;
  ports: NodePorts;
  selected: boolean;
  node: FlowNode;
}

/**
 * The nodes as React Flow wants them. An unchanged node stays the same object, so that one edit renders one card;
 * places move freely during a drag and come from the document again when the document says something new.
 */
export function useFlowNodes(catalogLoaded: boolean) {
  const calls = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const wires = useEdges();
  const chosen = useSelection((selection) => selection.nodes);
  const far = useCanvasState((state) => state.far);
  const wasFar = useRef(far);
  const drawn = useRef(new Map<string, Drawn>());
  const [nodes, setNodes] = useState<FlowNode[]>([]);

  useLayoutEffect(() => {
    // Without the catalog nobody knows what ports a layer has.
    if (!catalogLoaded) return;
    const selection = new Set(chosen);
    // React Flow measured the empty boxes of the far view and found no ports: new objects give them back.
    const renew = wasFar.current && !far;
    wasFar.current = far;
    setNodes((before) => {
      const placed = new Map(before.map((node) => [node.id, node]));
      const next = new Map<string, Drawn>();
      for (const [id, call] of Object.entries(calls)) {
        const ports = nodePorts(id, layers[call.layer], wires);
        const one = redraw(id, call, ports, selection.has(id), drawn.current.get(id), placed.get(id));
        next.set(id, renew ? { ...one, node: { ...one.node } } : one);
      }
      drawn.current = next;
      const result = [...next.values()].map((each) => each.node);
      return sameItems(before, result) ? before : result;
    });
  }, [calls, layers, wires, chosen, far, catalogLoaded]);

  const change = useCallback((changes: NodeChange<FlowNode>[]) => {
    const moves = changes.filter((each) => each.type === "position");
    if (moves.length > 0) setNodes((before) => applyNodeChanges(moves, before));
  }, []);

  return { nodes, change };
}

function redraw(
  id: string,
  call: NodeCall,
  ports: NodePorts,
  selected: boolean,
  drawn: Drawn | undefined,
  present: FlowNode | undefined,
): Drawn {
  if (drawn && present && drawn.call === call && drawn.ports === ports && drawn.selected === selected) {
    return { call, ports, selected, node: present };
  }
  const size = cardSize(ports);
  const stays = drawn && present && drawn.call === call;
  const node: FlowNode = {
    id,
    type: "layer",
    position: stays ? present.position : { x: call.x, y: call.y },
    data: drawn?.ports === ports && present ? present.data : { ports },
    ...size,
    measured: size,
    handles: cardHandles(ports),
    selected,
  };
  return { call, ports, selected, node };
}

const NO_EDGES: FlowEdge[] = [];

/** The wires as React Flow wants them; none far out, where the far layer draws them. */
export function useFlowEdges(canEdit: boolean): FlowEdge[] {
  const wires = useEdges();
  const chosen = useSelection((selection) => selection.edges);
  const far = useCanvasState((state) => state.far);
  const drawn = useRef(new Map<string, FlowEdge>());
  return useMemo(() => {
    if (far) return NO_EDGES;
    const selection = new Set(chosen);
    const next = new Map<string, FlowEdge>();
    for (const wire of wires) {
      const before = drawn.current.get(wire.key);
      const selected = selection.has(wire.key);
      const same = before && before.selected === selected && before.reconnectable === canEdit;
      next.set(wire.key, same ? before : flowEdge(wire, selected, canEdit));
    }
    drawn.current = next;
    return [...next.values()];
  }, [wires, chosen, far, canEdit]);
}

function flowEdge(wire: Wire, selected: boolean, reconnectable: boolean): FlowEdge {
  return {
    id: wire.key,
    type: "wire",
    source: wire.source,
    target: wire.target,
    sourceHandle: wire.source_port,
    targetHandle: wire.target_port,
    selected,
    reconnectable,
  };
}

function sameItems<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
