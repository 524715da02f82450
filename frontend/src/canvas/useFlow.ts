import { applyNodeChanges, type NodeChange, useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { getSelection, useSelection, useShownNodes, useShownWires } from "@/actions";
import { useSpecsVersion } from "@/catalog";
import { type DesignContent, type NodeCall, useDocumentSelector, type Wire } from "@/document";
import type { Block } from "@/graph/blocks";
import { NOT_SQUEEZED, type Squeeze, squeeze } from "@/graph/squeeze";
import { useCollapsed } from "./blocks";
import {
  type CanvasModel,
  cardsWithin,
  contains,
  type Lanes,
  type Rect,
  type ShownWire,
} from "./CanvasModel";
import { BLOCK_PORTS, CARD_WIDTH, type CardPorts, cardHandles, cardSize } from "./card";
import { nodePorts } from "./graphOf";
import type { FlowNode } from "./LayerNode";
import { useCanvasState } from "./state";
import { useLanes } from "./useLanes";
import type { FlowEdge } from "./WireEdge";

interface Drawn {
  source: NodeCall | Block;
  x: number;
  y: number;
  ports: CardPorts;
  selected: boolean;
  node: FlowNode;
}

interface Shown {
  nodes: readonly FlowNode[];
  /** Counts what the document changed; a drag under way does not count. */
  epoch: number;
}

/** Far out, more cards than this are not mounted one by one: one bitmap shows them. */
const FEW = 150;
/** How far beyond the view cards are mounted, as a part of its size. */
const MARGIN = 0.2;

/**
 * The cards of the shown graph as React Flow wants them. An unchanged card stays the same object, so that one edit
 * renders one card; places move freely during a drag and come from the document again when that says something new.
 */
export function useFlowNodes(model: CanvasModel, catalogLoaded: boolean) {
  const calls = useShownNodes();
  const all = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const wires = useShownWires();
  const blocks = useCollapsed();
  const chosen = useSelection((selection) => selection.nodes);
  const far = useCanvasState((state) => state.far);
  const wasFar = useRef(far);
  const drawn = useRef(new Map<string, Drawn>());
  const specs = useSpecsVersion();
  const [{ nodes, epoch }, setShown] = useState<Shown>({ nodes: [], epoch: 0 });
  const shownWires = useMemo(() => routed(wires, blocks), [wires, blocks]);
  const view = useRef<Squeeze>(NOT_SQUEEZED);

  // biome-ignore lint/correctness/useExhaustiveDependencies: own code changes the ports that layers have
  useLayoutEffect(() => {
    // Without the catalog nobody knows what ports a layer has.
    if (!catalogLoaded) return;
    const selection = new Set(chosen);
    // React Flow measured the empty boxes of the far view and found no ports: new objects give them back.
    const renew = wasFar.current && !far;
    wasFar.current = far;
    const content = { nodes: all, layers } as DesignContent;
    const portsOf = (id: string) => nodePorts(id, content, wires);
    const boxes = blocks.map((block) => blockBox(block, calls, portsOf));
    view.current = squeeze(boxes);
    const { toView, tops } = view.current;
    const hidden = new Set(blocks.flatMap((block) => block.nodes));
    setShown(({ nodes: before, epoch }) => {
      const placed = new Map(before.map((node) => [node.id, node]));
      const next = new Map<string, Drawn>();
      const add = (id: string, one: Omit<Drawn, "node">) => {
        const made = redraw(id, one, drawn.current.get(id), placed.get(id));
        next.set(id, renew ? { ...made, node: { ...made.node } } : made);
      };
      for (const [id, call] of Object.entries(calls)) {
        if (hidden.has(id)) continue;
        const at = { x: call.x, y: toView(call.y) };
        add(id, { source: call, ...at, ports: portsOf(id), selected: selection.has(id) });
      }
      for (const [index, block] of blocks.entries()) {
        const at = { x: boxes[index]?.x ?? 0, y: tops.get(block.id) ?? 0 };
        const selected = block.nodes.every((id) => selection.has(id));
        add(block.id, { source: block, ...at, ports: BLOCK_PORTS, selected });
      }
      drawn.current = next;
      const result = [...next.values()].map((each) => each.node);
      return sameItems(before, result) ? { nodes: before, epoch } : { nodes: result, epoch: epoch + 1 };
    });
  }, [calls, all, layers, wires, blocks, chosen, far, catalogLoaded, specs]);

  const lanes = useLanes(nodes, epoch, shownWires);

  // The bitmap and the gestures read the model, which is up to date before anything is painted.
  useLayoutEffect(
    () => model.update(nodes, shownWires, lanes, view.current, blocks),
    [model, nodes, shownWires, lanes, blocks],
  );

  const change = useCallback((changes: NodeChange<FlowNode>[]) => {
    const moves = changes.filter((each) => each.type === "position");
    if (moves.length > 0)
      setShown(({ nodes, epoch }) => ({
        nodes: applyNodeChanges(withUnmounted(moves, nodes), nodes as FlowNode[]),
        epoch,
      }));
  }, []);

  return { nodes, epoch, wires: shownWires, lanes, change };
}

type Move = Extract<NodeChange<FlowNode>, { type: "position" }>;

/** A drag moves all that is selected, also cards out of view, of which React Flow knows nothing. */
function withUnmounted(moves: Move[], nodes: readonly FlowNode[]): Move[] {
  const [first] = moves;
  const selected = getSelection().nodes;
  const lead = nodes.find((node) => node.id === first?.id);
  if (!first?.position || !first.dragging || !lead?.selected || selected.length <= moves.length) return moves;
  const moved = new Set(moves.map((move) => move.id));
  const dx = first.position.x - lead.position.x;
  const dy = first.position.y - lead.position.y;
  const others = nodes.filter((node) => node.selected && !moved.has(node.id));
  return [
    ...moves,
    ...others.map(({ id, position }) => ({
      id,
      type: "position" as const,
      position: { x: position.x + dx, y: position.y + dy },
      dragging: true,
    })),
  ];
}

function redraw(
  id: string,
  one: Omit<Drawn, "node">,
  drawn: Drawn | undefined,
  present: FlowNode | undefined,
): Drawn {
  const stays = drawn && present && drawn.source === one.source && drawn.x === one.x && drawn.y === one.y;
  if (stays && drawn.ports === one.ports && drawn.selected === one.selected) return { ...one, node: present };
  const size = cardSize(one.ports);
  const block = "nodes" in one.source ? one.source : undefined;
  const same = present && drawn?.ports === one.ports && present.data.block === block;
  const node: FlowNode = {
    id,
    type: block ? "block" : "layer",
    position: stays ? present.position : { x: one.x, y: one.y },
    data: same ? present.data : { ports: one.ports, block },
    ...size,
    measured: size,
    handles: cardHandles(one.ports),
    selected: one.selected,
    connectable: !block,
  };
  return { ...one, node };
}

function blockBox(
  block: Block,
  calls: Readonly<Record<string, NodeCall>>,
  portsOf: (id: string) => CardPorts,
) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const id of block.nodes) {
    const { x = 0, y = 0 } = calls[id] ?? {};
    left = Math.min(left, x);
    right = Math.max(right, x + CARD_WIDTH);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + cardSize(portsOf(id)).height);
  }
  return {
    id: block.id,
    top,
    bottom,
    height: cardSize(BLOCK_PORTS).height,
    x: (left + right - CARD_WIDTH) / 2,
  };
}

/** The wires with their ends moved to the cards of collapsed blocks; what is inside a block is left out. */
export function routed(wires: readonly Wire[], blocks: readonly Block[]): ShownWire[] {
  const home = new Map(blocks.flatMap((block) => block.nodes.map((id) => [id, block.id] as const)));
  const shown = new Map<string, ShownWire>();
  for (const wire of wires) {
    const source = home.get(wire.source);
    const target = home.get(wire.target);
    const from = { node: wire.source, port: wire.source_port };
    if (!source && !target) shown.set(wire.key, { ...wire, from, routed: false });
    else if (source !== target) {
      const ends = {
        source: source ?? wire.source,
        source_port: source ? "out" : wire.source_port,
        target: target ?? wire.target,
        target_port: target ? "in" : wire.target_port,
      };
      const key = `${ends.source}:${ends.source_port}->${ends.target}:${ends.target_port}`;
      if (!shown.has(key)) shown.set(key, { key, ...ends, from, routed: true });
    }
  }
  return [...shown.values()];
}

/**
 * The part of the cards and wires that React Flow holds. Near, those in view and a little beyond, exchanged only when
 * the view leaves that margin, so that panning moves one layer and renders nothing. Far out, a few.
 */
export function useMounted(shown: Shown & { wires: readonly ShownWire[]; lanes: Lanes }, canEdit: boolean) {
  const { nodes, epoch, wires, lanes } = shown;
  const far = useCanvasState((state) => state.far);
  const hovered = useCanvasState((state) => state.hovered);
  const selectedEdges = useSelection((selection) => selection.edges);
  const rect = useWindow();
  const drawn = useRef(new Map<string, FlowEdge>());

  // biome-ignore lint/correctness/useExhaustiveDependencies: a drag under way changes nodes, but not which are mounted
  const ids = useMemo(() => {
    if (!far) return cardsWithin(nodes, wires, lanes, rect);
    if (nodes.length <= FEW) return null;
    const selected = nodes.filter((node) => node.selected).slice(0, FEW);
    return new Set([hovered, ...selected.map((node) => node.id)]);
  }, [epoch, wires, lanes, far, hovered, rect]);

  const mounted = useMemo(() => nodes.filter((node) => !ids || ids.has(node.id)), [nodes, ids]);
  const edges = useMemo(() => {
    if (far) return [];
    const selection = new Set(selectedEdges);
    const next = new Map<string, FlowEdge>();
    for (const wire of wires) {
      if (ids && !(ids.has(wire.source) && ids.has(wire.target))) continue;
      const before = drawn.current.get(wire.key);
      const selected = selection.has(wire.key);
      const reconnectable = canEdit && !wire.routed;
      const lane = lanes.get(wire.key);
      const same =
        before?.selected === selected && before.reconnectable === reconnectable && before.data?.lane === lane;
      next.set(wire.key, same ? before : flowEdge(wire, lane, selected, reconnectable));
    }
    drawn.current = next;
    return [...next.values()];
  }, [wires, lanes, ids, far, selectedEdges, canEdit]);
  return { mounted, edges };
}

/** The view with a margin around it, in canvas pixels; a new one only when the view leaves the last. */
function useWindow(): Rect {
  const store = useStoreApi();
  const [rect, setRect] = useState<Rect>(() => grown(viewOf(store.getState())));
  useEffect(() => {
    let now = grown(viewOf(store.getState()));
    setRect(now);
    let zoom = store.getState().transform[2];
    return store.subscribe((state) => {
      const view = viewOf(state);
      const shrunk = state.transform[2] > zoom * 1.6;
      if (contains(now, view) && !shrunk) return;
      zoom = state.transform[2];
      now = grown(view);
      setRect(now);
    });
  }, [store]);
  return rect;
}

function viewOf(state: {
  transform: readonly [number, number, number];
  width: number;
  height: number;
}): Rect {
  const [x, y, zoom] = state.transform;
  return {
    left: -x / zoom,
    top: -y / zoom,
    right: (state.width - x) / zoom,
    bottom: (state.height - y) / zoom,
  };
}

function grown({ left, top, right, bottom }: Rect): Rect {
  const dx = (right - left) * MARGIN;
  const dy = (bottom - top) * MARGIN;
  return { left: left - dx, top: top - dy, right: right + dx, bottom: bottom + dy };
}

function flowEdge(
  wire: ShownWire,
  lane: number | undefined,
  selected: boolean,
  reconnectable: boolean,
): FlowEdge {
  return {
    id: wire.key,
    type: "wire",
    source: wire.source,
    target: wire.target,
    sourceHandle: wire.source_port,
    targetHandle: wire.target_port,
    selected,
    selectable: !wire.routed,
    reconnectable,
    data: { from: wire.from, lane },
  };
}

function sameItems<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
