import { create } from "zustand";
import { useShownGraph } from "@/actions";
import { type DesignContent, nodesIn, useDocumentSelector, wiresIn } from "@/document";
import { type Block, findBlocks } from "@/graph/blocks";
import { topologicalOrder } from "@/graph/connections";
import { graphOf } from "./graphOf";

/** A graph of more nodes than this opens collapsed. */
export const MANY_NODES = 300;

interface Folding {
  /** Whether blocks are collapsed, by graph; where nothing stands, large graphs are. */
  on: Readonly<Record<string, boolean>>;
  /** Blocks that were expanded one by one. */
  expanded: ReadonlySet<string>;
}

/** Which blocks are collapsed. Local: two people may look at one design in different ways. */
export const useFolding = create<Folding>(() => ({ on: {}, expanded: new Set() }));

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
export function collapsedBlocks(content: DesignContent, graph: string): Block[] {
  const { on, expanded } = useFolding.getState();
  const many = Object.keys(nodesIn(content.nodes, graph)).length > MANY_NODES;
  if (!(on[graph] ?? many)) return NONE;
  const blocks = blocksOf(content, graph);
  const before = kept.get(blocks);
  if (before?.expanded === expanded) return before.collapsed;
  const collapsed = blocks.filter((block) => !expanded.has(block.id));
  kept.set(blocks, { expanded, collapsed });
  return collapsed;
}

export function useCollapsed(): Block[] {
  const graph = useShownGraph();
  useFolding();
  return useDocumentSelector((content) => collapsedBlocks(content, graph));
}

/** Collapse one block, or all of them. */
export function collapse(content: DesignContent, graph: string, block: string | null): void {
  const blocks = blocksOf(content, graph);
  const shown = new Set(collapsedBlocks(content, graph).map((each) => each.id));
  const expanded = new Set(useFolding.getState().expanded);
  for (const { id } of blocks) {
    if (block === null || id === block || shown.has(id)) expanded.delete(id);
    else expanded.add(id);
  }
  useFolding.setState(({ on }) => ({ on: { ...on, [graph]: true }, expanded }));
}

/** Expand one block, or all of them. */
export function expand(graph: string, block: string | null): void {
  if (block === null)
    useFolding.setState(({ on }) => ({ on: { ...on, [graph]: false }, expanded: new Set() }));
  else useFolding.setState(({ expanded }) => ({ expanded: new Set([...expanded, block]) }));
}
