import {
  type Follow,
  hasInput,
  hasOutput,
  inputPorts,
  type LayerRule,
  outputPorts,
  type Port,
} from "./ports";

export interface Ends {
  source: string;
  source_port: string;
  target: string;
  target_port: string;
}

export interface GraphNode {
  rule: LayerRule | undefined;
  params: Readonly<Record<string, unknown>>;
  follow?: Follow;
}

/** A design as the connection rules see it. */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  wires: readonly Ends[];
}

/** Why a wire may not be drawn. */
export type Refusal = "self" | "cycle" | "duplicate" | "no_input" | "no_output" | "missing";

export interface NodePorts {
  inputs: Port[];
  outputs: Port[];
}

/** The ports of `id` as they stand now. */
export function portsOf(graph: Graph, id: string): NodePorts {
  const node = graph.nodes.get(id);
  if (!node) return { inputs: [], outputs: [] };
  const into = graph.wires.filter((wire) => wire.target === id).map((wire) => wire.target_port);
  const out = graph.wires.filter((wire) => wire.source === id).map((wire) => wire.source_port);
  return {
    inputs: inputPorts(node.rule, node.params, into, node.follow),
    outputs: outputPorts(node.rule, node.params, out, node.follow),
  };
}

/** Null when the wire may be drawn, else why not. A wire to a port that has one already replaces that one. */
export function canConnect(graph: Graph, ends: Ends): Refusal | null {
  if (ends.source === ends.target) return "self";
  const { outputs } = portsOf(graph, ends.source);
  const { inputs } = portsOf(graph, ends.target);
  if (!graph.nodes.has(ends.source) || !graph.nodes.has(ends.target)) return "missing";
  if (outputs.length === 0) return "no_output";
  if (inputs.length === 0) return "no_input";
  if (!outputs.some((port) => port.id === ends.source_port)) return "missing";
  if (!inputs.some((port) => port.id === ends.target_port)) return "missing";
  if (graph.wires.some((wire) => sameEnds(wire, ends))) return "duplicate";
  return reaches(graph.wires, ends.target, ends.source) ? "cycle" : null;
}

/** Whether a path of wires leads from `start` to `end`. */
export function reaches(wires: readonly Ends[], start: string, end: string): boolean {
  return start === end || reachable(wires, start).has(end);
}

/** For every other node, why a wire from (or to) `node` may not end there; null where it may. */
export function refusalsFor(
  graph: Graph,
  node: string,
  from: "source" | "target",
): Map<string, Refusal | null> {
  const closed = reachable(from === "source" ? reversed(graph.wires) : graph.wires, node);
  const result = new Map<string, Refusal | null>();
  for (const [id, { rule }] of graph.nodes) {
    if (id === node) result.set(id, "self");
    else if (from === "source" && rule && !hasInput(rule)) result.set(id, "no_input");
    else if (from === "target" && rule && !hasOutput(rule)) result.set(id, "no_output");
    else result.set(id, closed.has(id) ? "cycle" : null);
  }
  return result;
}

/** The input port of `id` that a new wire best ends at: a free needed one, a free spare one, then the first. */
export function bestInput(graph: Graph, id: string): Port | undefined {
  const { inputs } = portsOf(graph, id);
  const used = new Set(graph.wires.filter((wire) => wire.target === id).map((wire) => wire.target_port));
  const free = inputs.filter((port) => !used.has(port.id) && !port.stale);
  return (
    free.find((port) => !port.optional) ??
    free.find((port) => port.variadic && !isOptionalRule(graph, id, port)) ??
    inputs[0] ??
    free[0]
  );
}

/** The ids in building order; nodes of a cycle come last. Ties keep the order of `graph.nodes`. */
export function topologicalOrder(graph: Graph): string[] {
  const missing = new Map([...graph.nodes.keys()].map((id) => [id, 0]));
  for (const wire of graph.wires) missing.set(wire.target, (missing.get(wire.target) ?? 0) + 1);
  const next = successors(graph.wires);
  const ready = [...graph.nodes.keys()].filter((id) => missing.get(id) === 0);
  const order: string[] = [];
  for (let index = 0; index < ready.length; index++) {
    const id = ready[index] as string;
    order.push(id);
    for (const other of next.get(id) ?? []) {
      const left = (missing.get(other) ?? 0) - 1;
      missing.set(other, left);
      if (left === 0) ready.push(other);
    }
  }
  const placed = new Set(order);
  return [...order, ...[...graph.nodes.keys()].filter((id) => !placed.has(id))];
}

function isOptionalRule(graph: Graph, id: string, port: Port): boolean {
  return graph.nodes.get(id)?.rule?.inputs?.find((rule) => rule.name === port.name)?.optional ?? false;
}

function sameEnds(left: Ends, right: Ends): boolean {
  return (
    left.source === right.source &&
    left.source_port === right.source_port &&
    left.target === right.target &&
    left.target_port === right.target_port
  );
}

function reachable(wires: readonly Ends[], start: string): Set<string> {
  const next = successors(wires);
  const seen = new Set([start]);
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const other of next.get(id) ?? []) {
      if (!seen.has(other)) {
        seen.add(other);
        open.push(other);
      }
    }
  }
  seen.delete(start);
  return seen;
}

function successors(wires: readonly Ends[]): Map<string, string[]> {
  const next = new Map<string, string[]>();
  for (const { source, target } of wires) {
    const list = next.get(source);
    if (list) list.push(target);
    else next.set(source, [target]);
  }
  return next;
}

function reversed(wires: readonly Ends[]): Ends[] {
  return wires.map((wire) => ({ ...wire, source: wire.target, target: wire.source }));
}
