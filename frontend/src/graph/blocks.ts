import type { Ends } from "./connections";

/** What the search for blocks needs to know of a node. */
export interface BlockNode {
  id: string;
  /** The name of its layer. */
  name: string;
  className: string;
}

/** Nodes that belong together, drawn as one card while collapsed. */
export interface Block {
  /** Stays the same while its first node stays. */
  id: string;
  title: string;
  nodes: string[];
  /** How many blocks of this design, itself among them, have the same layers wired in the same way. */
  alike: number;
}

const LEAST_NODES = 3;
const LONGEST_PERIOD = 24;
const WORD = "block|stage|layer|unit|cell|encoder|decoder|group|module|mixed|res|dense|stack";
const NUMBERED = new RegExp(`^(?:${WORD})\\w*?\\d+[a-z]?$`, "i");
const BARE = new RegExp(`^(?:${WORD})$`, "i");

/**
 * The repeated blocks of a graph: nodes whose names begin alike (`block2a_`, `conv3_block1_`, `stage_1_block_2_`), and
 * among the others stretches of the same layers, wired in the same way, that follow each other. `order` lists the
 * nodes in building order.
 */
export function findBlocks(order: readonly BlockNode[], wires: readonly Ends[]): Block[] {
  const named = byName(order);
  const taken = new Set(named.flatMap((block) => block.nodes));
  const rest = order.filter((node) => !taken.has(node.id));
  const blocks = [...named, ...byStructure(rest, wires)];
  const rank = new Map(order.map((node, index) => [node.id, index]));
  const nodes = new Map(order.map((node) => [node.id, node]));
  const shapes = blocks.map((block) => shapeOf(block.nodes, nodes, wires));
  const counts = new Map<string, number>();
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  return blocks
    .map((block, index) => ({
      ...block,
      id: `block:${block.nodes[0]}`,
      alike: counts.get(shapes[index] as string) ?? 1,
    }))
    .sort((left, right) => (rank.get(left.nodes[0] ?? "") ?? 0) - (rank.get(right.nodes[0] ?? "") ?? 0));
}

/** `block2a_expand_conv` -> `block2a`, `conv2_block1_1_bn` -> `conv2_block1`, `stage_0_block_1_x` -> `stage_0_block_1`. */
export function blockPrefix(name: string): string | null {
  const parts = name.split("_");
  for (let index = parts.length - 2; index >= 0; index--) {
    const part = parts[index] as string;
    const numbered = NUMBERED.test(part);
    const counted = /^\d+[a-z]?$/i.test(part) && index > 0 && BARE.test(parts[index - 1] as string);
    if (numbered || counted) return parts.slice(0, index + 1).join("_");
  }
  return null;
}

type Found = Pick<Block, "title" | "nodes">;

function byName(order: readonly BlockNode[]): Found[] {
  const groups = new Map<string, string[]>();
  for (const { id, name } of order) {
    const prefix = blockPrefix(name);
    if (prefix === null) continue;
    const group = groups.get(prefix);
    if (group) group.push(id);
    else groups.set(prefix, [id]);
  }
  const large = [...groups].filter(([, nodes]) => nodes.length >= LEAST_NODES);
  return large.length < 2 ? [] : large.map(([title, nodes]) => ({ title, nodes }));
}

/** Runs of equal segments, where a segment is a stretch of the order that one tensor enters and one leaves. */
function byStructure(order: readonly BlockNode[], wires: readonly Ends[]): Found[] {
  const segments = cut(order, wires);
  const nodes = new Map(order.map((node) => [node.id, node]));
  const shapes = segments.map((segment) => shapeOf(segment, nodes, wires));
  const counts = new Map<string, number>();
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  const found: Found[] = [];
  const take = (ids: string[]) => found.push({ title: nodes.get(ids.at(-1) ?? "")?.name ?? "", nodes: ids });

  for (let at = 0; at < segments.length; ) {
    const run = longestRun(shapes, segments, at);
    if (run) {
      for (let turn = 0; turn < run.times; turn++) {
        const from = at + turn * run.period;
        take(segments.slice(from, from + run.period).flat());
      }
      at += run.times * run.period;
      continue;
    }
    const segment = segments[at] as string[];
    if (segment.length >= LEAST_NODES && (counts.get(shapes[at] as string) ?? 0) > 1) take(segment);
    at += 1;
  }
  return found;
}

/** The pattern of segments at `at` that is followed by itself and covers most; null when there is none. */
function longestRun(shapes: readonly string[], segments: readonly string[][], at: number) {
  let best: { period: number; times: number } | null = null;
  for (let period = 1; period <= LONGEST_PERIOD && at + 2 * period <= shapes.length; period++) {
    const size = segments.slice(at, at + period).reduce((sum, segment) => sum + segment.length, 0);
    if (size < LEAST_NODES) continue;
    let times = 1;
    while (repeats(shapes, at, period, times)) times += 1;
    if (times > 1 && (!best || times * period > best.times * best.period)) best = { period, times };
  }
  return best;
}

function repeats(shapes: readonly string[], at: number, period: number, times: number): boolean {
  const from = at + times * period;
  if (from + period > shapes.length) return false;
  for (let index = 0; index < period; index++) if (shapes[at + index] !== shapes[from + index]) return false;
  return true;
}

/** The order cut wherever everything that follows takes only one node's tensors from before. */
function cut(order: readonly BlockNode[], wires: readonly Ends[]): string[][] {
  const rank = new Map(order.map((node, index) => [node.id, index]));
  const last = order.map((_, index) => index);
  for (const { source, target } of wires) {
    const from = rank.get(source);
    const to = rank.get(target);
    if (from !== undefined && to !== undefined) last[from] = Math.max(last[from] ?? 0, to);
  }
  const segments: string[][] = [];
  let segment: string[] = [];
  let reach = -1;
  for (const [index, node] of order.entries()) {
    segment.push(node.id);
    // Tensors of earlier nodes, this one left out, that something after this node still takes.
    if (reach <= index) {
      segments.push(segment);
      segment = [];
    }
    reach = Math.max(reach, last[index] ?? index);
  }
  if (segment.length > 0) segments.push(segment);
  return segments;
}

/** The classes of some nodes and the wires between them, without names: equal for blocks that look alike. */
function shapeOf(
  ids: readonly string[],
  nodes: ReadonlyMap<string, BlockNode>,
  wires: readonly Ends[],
): string {
  const index = new Map(ids.map((id, at) => [id, at]));
  const inside = wiresFrom(wires);
  const parts = ids.map((id, at) => {
    const targets = (inside.get(id) ?? []).flatMap((wire) => {
      const to = index.get(wire.target);
      return to === undefined ? [] : `${to - at}:${wire.target_port}`;
    });
    return `${nodes.get(id)?.className}(${targets.sort().join(",")})`;
  });
  return parts.join(" ");
}

const bySource = new WeakMap<readonly Ends[], Map<string, Ends[]>>();

function wiresFrom(wires: readonly Ends[]): Map<string, Ends[]> {
  let index = bySource.get(wires);
  if (!index) {
    index = new Map();
    for (const wire of wires) {
      const list = index.get(wire.source);
      if (list) list.push(wire);
      else index.set(wire.source, [wire]);
    }
    bySource.set(wires, index);
  }
  return index;
}
