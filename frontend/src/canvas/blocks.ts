import { create } from "zustand";
import { useShownGraph } from "@/actions";
import { type DesignContent, nodesIn, useDesignDocument, useDocumentSelector, wiresIn } from "@/document";
import { type Block, findBlocks } from "@/graph/blocks";
import { topologicalOrder } from "@/graph/connections";
import { graphOf } from "./graphOf";

/** A graph of more nodes than this opens collapsed. */
const MANY_NODES = 300;

/** Whose blocks: a graph of a design. */
export interface GraphPlace {
  design: string;
  graph: string;
}

interface Folding {
  /** Whether blocks are collapsed; where nobody said, those of large graphs are. */
  on: boolean | null;
  /** Blocks that were expanded one by one. */
  expanded: ReadonlySet<string>;
}

const UNTOUCHED: Folding = { on: null, expanded: new Set() };

/** Which blocks are collapsed, by place. Local: two people may look at one design in different ways. */
const useFolding = create<Readonly<Record<string, Folding>>>(() => ({}));

const keyOf = ({ design, graph }: GraphPlace) => `${design} ${graph}`;

function foldingAt(place: GraphPlace): Folding {
  return useFolding.getState()[keyOf(place)] ?? UNTOUCHED;
}

function fold(place: GraphPlace, change: Partial<Folding>): void {
  useFolding.setState({ [keyOf(place)]: { ...foldingAt(place), ...change } });
}

const found = new WeakMap<object, Map<string, { layers: object; count: number; blocks: Block[] }>>();

/** The repeated blocks of a graph; the same array until its layers or wires change. */
export function blocksOf(content: DesignContent, graph: string): Block[] {
  const wires = wiresIn(content, graph);
  const nodes = nodesIn(content.nodes, graph);
  const count = Object.keys(nodes).length;
  const known = found.get(wires) ?? new Map<string, { layers: object; count: number; blocks: Block[] }>();
  found.set(wires, known);
  const before = known.get(graph);
  if (before?.layers === content.layers && before.count === count) return before.blocks;
  const order = topologicalOrder(graphOf(content, graph)).map((id) => {
    const layer = content.layers[nodes[id]?.layer ?? ""];
    return { id, name: layer?.name ?? "", className: layer?.class_name ?? "" };
  });
  const blocks = findBlocks(
    order.filter(({ className }) => className !== "InputLayer" && className !== "Output"),
    wires,
  );
  const same = before && JSON.stringify(before.blocks) === JSON.stringify(blocks);
  known.set(graph, { layers: content.layers, count, blocks: same ? before.blocks : blocks });
  return same ? before.blocks : blocks;
}

const NONE: Block[] = [];
const kept = new WeakMap<Block[], { expanded: ReadonlySet<string>; collapsed: Block[] }>();

/** The blocks of a graph that are drawn as one card each now. */
export function collapsedBlocks(content: DesignContent, place: GraphPlace): Block[] {
  const { on, expanded } = foldingAt(place);
  const many = Object.keys(nodesIn(content.nodes, place.graph)).length > MANY_NODES;
  if (!(on ?? many)) return NONE;
  const blocks = blocksOf(content, place.graph);
  const before = kept.get(blocks);
  if (before?.expanded === expanded) return before.collapsed;
  const collapsed = blocks.filter((block) => !expanded.has(block.id));
  kept.set(blocks, { expanded, collapsed });
  return collapsed;
}

export function useCollapsed(): Block[] {
  const { id: design } = useDesignDocument();
  const graph = useShownGraph();
  useFolding();
  return useDocumentSelector((content) => collapsedBlocks(content, { design, graph }));
}

/** Collapse one block, or all of them. */
export function collapse(content: DesignContent, place: GraphPlace, block: string | null): void {
  const shown = new Set(collapsedBlocks(content, place).map((each) => each.id));
  const expanded = new Set(foldingAt(place).expanded);
  for (const { id } of blocksOf(content, place.graph)) {
    if (block === null || id === block || shown.has(id)) expanded.delete(id);
    else expanded.add(id);
  }
  fold(place, { on: true, expanded });
}

/** Expand one block, or all of them. */
export function expand(place: GraphPlace, block: string | null): void {
  if (block === null) fold(place, { on: false, expanded: new Set() });
  else fold(place, { expanded: new Set([...foldingAt(place).expanded, block]) });
}
