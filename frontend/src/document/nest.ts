import { reaches } from "@/graph/connections";
import {
  endsOfGraph,
  INPUT,
  isEnd,
  MODEL,
  namedBy,
  nodesIn,
  OUTPUT,
  renamedParams,
  usersOfGraph,
  wiresIn,
} from "./graphs";
import type { JsonObject, JsonValue } from "./json";
import {
  type DesignContent,
  type EdgeEnds,
  type Edit,
  edgeKey,
  type LayerInstance,
  type NodeCall,
  type Wire,
} from "./model";
import { copiedName, freeName, newId, snakeCase } from "./names";

/** A tensor of the design: an output port of a node. */
interface Tensor {
  node: string;
  port: string;
}

/** What others know of the design: the tensor at a port, a node's first output port, and whether it has weights. */
export interface KnownFacts {
  tensor?: (node: string, port: string) => { shape?: (number | null)[]; dtype?: string } | undefined;
  firstOutput?: (node: string) => string | undefined;
  hasWeights?: (node: string) => boolean;
}

/** Why a selection cannot become a model: nothing in it, or a path leaves it and comes back. */
export type GroupRefusal = "empty" | "loop";

export interface Nested {
  edits: Edit[];
  /** The nodes to select afterwards. */
  select: string[];
}

const STEP = 110;

/** The nodes of `ids` that can go into a model: Inputs and Outputs stay where they are. */
export function groupable(content: DesignContent, ids: readonly string[]): string[] {
  return ids.filter((id) => content.nodes[id] && !isEnd(content.layers, content.nodes[id]));
}

export function groupRefusal(
  content: DesignContent,
  graph: string,
  ids: readonly string[],
): GroupRefusal | null {
  const inside = new Set(groupable(content, ids).filter((id) => content.nodes[id]?.graph === graph));
  if (inside.size === 0) return "empty";
  const wires = wiresIn(content, graph);
  const leaving = wires.filter((wire) => inside.has(wire.source) && !inside.has(wire.target));
  const outside = wires.filter((wire) => !inside.has(wire.source));
  const entering = new Set(outside.filter((wire) => inside.has(wire.target)).map((wire) => wire.target));
  const returns = [...new Set(leaving.map((wire) => wire.target))].some((start) =>
    [...entering].some((end) => reaches(outside, start, end)),
  );
  return returns ? "loop" : null;
}

/**
 * The edits that put `ids`, nodes of `graph`, into a model called `name`: each tensor that comes in gets an Input,
 * each that goes out (or, where none does, each that nothing takes) an Output, and one Model layer stands for them.
 */
export function groupEdits(
  content: DesignContent,
  graph: string,
  ids: readonly string[],
  name: string,
  known: KnownFacts = {},
): Nested | null {
  if (groupRefusal(content, graph, ids) !== null) return null;
  const members = groupable(content, ids).filter((id) => content.nodes[id]?.graph === graph);
  const inside = new Set(members);
  const wires = wiresIn(content, graph);
  const at = (id: string) => content.nodes[id] as NodeCall;
  const byPlace = (left: Wire, right: Wire) =>
    at(left.target).y - at(right.target).y || at(left.target).x - at(right.target).x;
  const into = wires.filter((wire) => !inside.has(wire.source) && inside.has(wire.target)).sort(byPlace);
  const out = wires.filter((wire) => inside.has(wire.source) && !inside.has(wire.target)).sort(byPlace);
  const within = wires.filter((wire) => inside.has(wire.source) && inside.has(wire.target));
  const given = new Set(within.map((wire) => wire.source));
  const ends = members.flatMap((node) => {
    const port = known.firstOutput ? known.firstOutput(node) : "output";
    return given.has(node) || port === undefined ? [] : [{ node, port }];
  });
  const sources = distinct(into.map(sourceOf));
  const results = out.length > 0 ? distinct(out.map(sourceOf)) : ends;

  const model = newId();
  const inner = newId();
  const layer = newId();
  const edits: Edit[] = [];
  const set = (path: string[], value: unknown) => edits.push({ op: "set", path, value: value as JsonValue });
  set(["graphs", inner], { name, model_class: "auto" });
  for (const id of members) set(["nodes", id, "graph"], inner);
  for (const wire of [...into, ...out]) edits.push({ op: "remove", path: ["edges", wire.key] });

  const taken = namesOf(content, inside);
  const left = Math.min(...members.map((id) => at(id).x));
  const top = Math.min(...members.map((id) => at(id).y));
  const bottom = Math.max(...members.map((id) => at(id).y));
  const end = (className: string, position: number, params: JsonObject, x: number, y: number): string => {
    const node = newId();
    const own = newId();
    const called = freeName(className === INPUT ? "input_layer" : snakeCase(className), taken);
    taken.add(called);
    set(["layers", own], { class_name: className, name: called, params: { position, ...params } });
    set(["nodes", node], { ...PLAIN, layer: own, graph: inner, x, y });
    return node;
  };
  const wire = (ends: EdgeEnds) => set(["edges", edgeKey(ends)], {});

  sources.forEach((source, index) => {
    const first = into.find((each) => same(sourceOf(each), source)) as Wire;
    const node = end(
      INPUT,
      index,
      inputParams(known.tensor?.(source.node, source.port)),
      at(first.target).x,
      top - STEP,
    );
    for (const each of into.filter((other) => same(sourceOf(other), source)))
      wire({ ...each, source: node, source_port: "output" });
    wire({ source: source.node, source_port: source.port, target: model, target_port: `inputs.${index}` });
  });
  results.forEach((result, index) => {
    const node = end(OUTPUT, index, {}, at(result.node).x + 260 * index, bottom + STEP);
    wire({ source: result.node, source_port: result.port, target: node, target_port: "input" });
    for (const each of out.filter((other) => same(sourceOf(other), result)))
      wire({ ...each, source: model, source_port: `outputs.${index}` });
  });
  const others = new Set(Object.keys(nodesIn(content.nodes, graph)).filter((id) => !inside.has(id)));
  const free = freeName(snakeCase(name.replaceAll(" ", "_")) || "model", namesOf(content, others));
  set(["layers", layer], { class_name: MODEL, name: free, params: { graph: inner } });
  set(["nodes", model], { ...PLAIN, layer, graph, x: left, y: (top + bottom) / 2 });
  return { edits, select: [model] };
}

const PLAIN = { color: "", note: "", arguments: {} };

/** Whether `node` calls a Model layer that can be unpacked. */
export function canUnpack(content: DesignContent, node: string): boolean {
  const layer = content.layers[content.nodes[node]?.layer ?? ""];
  return layer?.class_name === MODEL && String(layer.params.graph) in content.graphs;
}

/**
 * The edits that put what is inside a Model layer in the place of each of its calls, so that calls that shared weights
 * still do. What is inside is moved when nothing else is built from it, and copied otherwise; frozen, and started from
 * the values that the model started from, as it was in there.
 */
export function unpackEdits(content: DesignContent, node: string, known: KnownFacts = {}): Nested | null {
  if (!canUnpack(content, node)) return null;
  const layerId = content.nodes[node]?.layer as string;
  const layer = content.layers[layerId] as LayerInstance;
  const graph = String(layer.params.graph);
  const calls = Object.keys(content.nodes).filter((id) => content.nodes[id]?.layer === layerId);
  const alone = usersOfGraph(content.layers, graph).length === 1;
  const named = Object.values(content.layers).some((other) => namedBy(other).layers.has(layerId));
  const last = alone && !named;
  const inner = nodesIn(content.nodes, graph);
  const { inputs, outputs } = endsOfGraph(content, graph);
  const ends = new Set([...inputs, ...outputs]);
  const members = Object.keys(inner).filter((id) => !ends.has(id));
  const wires = wiresIn(content, graph);
  const edits: Edit[] = [];
  const set = (path: string[], value: unknown) => edits.push({ op: "set", path, value: value as JsonValue });
  const remove = (...path: string[]) => edits.push({ op: "remove", path });

  const layerIds = new Map(members.map((id) => [(inner[id] as NodeCall).layer, ""]));
  for (const id of layerIds.keys()) layerIds.set(id, last ? id : newId());
  const weighty = new Set(members.filter(known.hasWeights ?? (() => false)).map((id) => inner[id]?.layer));
  const renamed = new Set<string>();
  const selected: string[] = [];

  for (const [turn, call] of calls.entries()) {
    const outer = content.nodes[call] as NodeCall;
    const around = wiresIn(content, outer.graph);
    const moved = last && turn === 0;
    const nodeIds = new Map(members.map((id) => [id, moved ? id : newId()]));
    const taken = namesOf(
      content,
      new Set(Object.keys(nodesIn(content.nodes, outer.graph)).filter((id) => id !== call)),
    );
    for (const [from, to] of layerIds) {
      const original = content.layers[from] as LayerInstance;
      const name = copiedName(original.name, taken);
      if (renamed.has(to)) continue;
      renamed.add(to);
      taken.add(name);
      if (!last)
        set(["layers", to], { ...original, name, params: renamedParams(original, new Map(), layerIds) });
      else if (name !== original.name) set(["layers", to, "name"], name);
      if (layer.params.trainable === false && weighty.has(from))
        set(["layers", to, "params", "trainable"], false);
      if (layer.weights && !original.weights && weighty.has(from))
        set(["layers", to, "weights"], {
          ...layer.weights,
          layer: name === original.name ? "" : original.name,
        });
    }
    const { dx, dy } = shiftTo(
      outer,
      members.map((id) => inner[id] as NodeCall),
    );
    for (const [from, to] of nodeIds) {
      const each = inner[from] as NodeCall;
      const at = { ...each, graph: outer.graph, x: each.x + dx, y: each.y + dy };
      set(["nodes", to], { ...at, layer: layerIds.get(each.layer) });
    }
    for (const wire of around) if (wire.source === call || wire.target === call) remove("edges", wire.key);

    /** Where a tensor of the inside comes from in the graph around it. */
    const outside = (tensor: Tensor): Tensor | null => {
      const index = inputs.indexOf(tensor.node);
      if (index < 0) return { node: nodeIds.get(tensor.node) as string, port: tensor.port };
      const wire = around.find((each) => each.target === call && each.target_port === `inputs.${index}`);
      return wire ? sourceOf(wire) : null;
    };
    for (const wire of wires) {
      const from = outside(sourceOf(wire));
      if (!from) continue;
      const output = outputs.indexOf(wire.target);
      const targets =
        output < 0
          ? [{ target: nodeIds.get(wire.target) as string, target_port: wire.target_port }]
          : around.filter((each) => each.source === call && each.source_port === `outputs.${output}`);
      for (const { target, target_port } of targets) {
        if (target !== call)
          set(["edges", edgeKey({ source: from.node, source_port: from.port, target, target_port })], {});
      }
    }
    remove("nodes", call);
    if (call === node) selected.push(...nodeIds.values());
  }

  if (!named) remove("layers", layerId);
  if (last) {
    for (const wire of wires) {
      const kept = !ends.has(wire.source) && !ends.has(wire.target);
      if (!kept) remove("edges", wire.key);
    }
    for (const id of ends) {
      remove("nodes", id);
      remove("layers", (inner[id] as NodeCall).layer);
    }
    remove("graphs", graph);
  }
  return { edits, select: selected };
}

/** What goes away with `ids`: layers that nothing calls or names any more, and graphs that no layer is built from. */
export function removalOf(
  content: DesignContent,
  ids: Iterable<string>,
): { nodes: Set<string>; layers: Set<string>; graphs: Set<string> } {
  const nodes = new Set([...ids].filter((id) => content.nodes[id]));
  const layers = new Set<string>();
  const graphs = new Set<string>();
  for (let grew = true; grew; ) {
    grew = false;
    const called = new Set<string>();
    for (const [id, node] of Object.entries(content.nodes)) if (!nodes.has(id)) called.add(node.layer);
    const kept = Object.entries(content.layers).filter(([id]) => !layers.has(id));
    const named = new Set(kept.flatMap(([, layer]) => [...namedBy(layer).layers]));
    const candidates = new Set([...nodes].map((id) => (content.nodes[id] as NodeCall).layer));
    for (const id of layers)
      for (const other of namedBy(content.layers[id] as LayerInstance).layers) candidates.add(other);
    for (const id of candidates) {
      if (layers.has(id) || !content.layers[id] || called.has(id) || named.has(id)) continue;
      layers.add(id);
      grew = true;
    }
    const built = new Set(
      Object.entries(content.layers).flatMap(([id, layer]) =>
        layers.has(id) ? [] : [...namedBy(layer).graphs],
      ),
    );
    for (const id of layers) {
      for (const graph of namedBy(content.layers[id] as LayerInstance).graphs) {
        if (graphs.has(graph) || built.has(graph)) continue;
        graphs.add(graph);
        for (const inner of Object.keys(nodesIn(content.nodes, graph))) nodes.add(inner);
        grew = true;
      }
    }
  }
  return { nodes, layers, graphs };
}

function sourceOf(wire: EdgeEnds): Tensor {
  return { node: wire.source, port: wire.source_port };
}

function same(left: Tensor, right: Tensor): boolean {
  return left.node === right.node && left.port === right.port;
}

function distinct(tensors: readonly Tensor[]): Tensor[] {
  return tensors.filter((each, index) => tensors.findIndex((other) => same(each, other)) === index);
}

function inputParams(facts: ReturnType<NonNullable<KnownFacts["tensor"]>>): JsonObject {
  const params: JsonObject = {};
  if (facts?.shape && facts.shape.length > 0) params.shape = facts.shape.slice(1);
  if (facts?.dtype && facts.dtype !== "float32") params.dtype = facts.dtype;
  return params;
}

function namesOf(content: DesignContent, ids: ReadonlySet<string>): Set<string> {
  return new Set([...ids].map((id) => content.layers[content.nodes[id]?.layer ?? ""]?.name ?? ""));
}

/** How far the nodes of a model move, so that their middle is where its card stood. */
function shiftTo(card: NodeCall, nodes: readonly NodeCall[]): { dx: number; dy: number } {
  if (nodes.length === 0) return { dx: 0, dy: 0 };
  const middle = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  return {
    dx: Math.round(card.x - middle(nodes.map((node) => node.x))),
    dy: Math.round(card.y - middle(nodes.map((node) => node.y))),
  };
}
