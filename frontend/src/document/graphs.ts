import { isJsonObject, type JsonObject, type JsonValue } from "./json";
import { type DesignContent, type LayerInstance, type NodeCall, type Wire, wiresOf } from "./model";

/** The graph of the design itself. */
export const TOP = "";
export const MODEL = "Model";
export const INPUT = "InputLayer";
export const OUTPUT = "Output";

type Nodes = DesignContent["nodes"];
type Layers = DesignContent["layers"];

const byGraph = new WeakMap<Nodes, Map<string, Nodes>>();
const NO_NODES: Nodes = {};

/** The nodes of one graph; the same record for the same nodes. */
export function nodesIn(nodes: Nodes, graph: string): Nodes {
  let graphs = byGraph.get(nodes);
  if (!graphs) {
    graphs = new Map();
    for (const [id, node] of Object.entries(nodes)) {
      const inside = graphs.get(node.graph) ?? {};
      inside[id] = node;
      graphs.set(node.graph, inside);
    }
    byGraph.set(nodes, graphs);
  }
  return graphs.get(graph) ?? NO_NODES;
}

const wiresByGraph = new WeakMap<Wire[], Map<string, { nodes: Nodes; wires: Wire[] }>>();

/** The wires between nodes of one graph; the same array as long as those wires are the same. */
export function wiresIn(content: Pick<DesignContent, "nodes" | "edges">, graph: string): Wire[] {
  const all = wiresOf(content.edges);
  const known = wiresByGraph.get(all) ?? new Map<string, { nodes: Nodes; wires: Wire[] }>();
  wiresByGraph.set(all, known);
  const before = known.get(graph);
  if (before?.nodes === content.nodes) return before.wires;
  const inside = nodesIn(content.nodes, graph);
  const wires = all.filter((wire) => wire.source in inside && wire.target in inside);
  const same = before && before.wires.length === wires.length && before.wires.every((w, i) => w === wires[i]);
  const entry = { nodes: content.nodes, wires: same ? before.wires : wires };
  known.set(graph, entry);
  return entry.wires;
}

export interface GraphEnds {
  /** The Input nodes in the order of the model's inputs. */
  inputs: string[];
  outputs: string[];
}

/** The ends of a graph: its Input and Output nodes by `position`, then by id. */
export function endsOfGraph(content: Pick<DesignContent, "nodes" | "layers">, graph: string): GraphEnds {
  const found: Record<typeof INPUT | typeof OUTPUT, [number, string][]> = { InputLayer: [], Output: [] };
  for (const [id, node] of Object.entries(nodesIn(content.nodes, graph))) {
    const layer = content.layers[node.layer];
    if (layer?.class_name === INPUT || layer?.class_name === OUTPUT)
      found[layer.class_name].push([Number(layer.params.position ?? 0), id]);
  }
  const inOrder = (list: [number, string][]) =>
    list.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)).map(([, id]) => id);
  return { inputs: inOrder(found.InputLayer), outputs: inOrder(found.Output) };
}

/**
 * The graph that a layer is built from: that of a Model, or of the Model inside a wrapper; null for others. Wrappers
 * that name each other in a circle have nothing inside.
 */
export function graphInside(
  layer: LayerInstance | undefined,
  layers: Layers,
  seen: ReadonlySet<LayerInstance> = new Set(),
): string | null {
  if (!layer || seen.has(layer)) return null;
  if (layer.class_name === MODEL) return typeof layer.params.graph === "string" ? layer.params.graph : null;
  for (const value of Object.values(layer.params)) {
    if (!isJsonObject(value)) continue;
    const graph = isReference(value)
      ? graphInside(layers[value.layer], layers, new Set([...seen, layer]))
      : graphOfValue(value);
    if (graph !== null) return graph;
  }
  return null;
}

function graphOfValue(value: JsonObject): string | null {
  const { class_name, config } = value;
  if (!isJsonObject(config)) return null;
  if (class_name === MODEL && typeof config.graph === "string") return config.graph;
  return null;
}

/** What the parameters of a layer name: graphs of models inside it, and layers whose weights it shares. */
export function namedBy(layer: LayerInstance): { graphs: Set<string>; layers: Set<string> } {
  const named = { graphs: new Set<string>(), layers: new Set<string>() };
  if (layer.class_name === MODEL && typeof layer.params.graph === "string")
    named.graphs.add(layer.params.graph);
  const visit = (value: JsonValue): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isJsonObject(value)) {
      const graph = graphOfValue(value);
      if (graph !== null) named.graphs.add(graph);
      if (isReference(value)) named.layers.add(value.layer);
      else Object.values(value).forEach(visit);
    }
  };
  Object.values(layer.params).forEach(visit);
  return named;
}

/** `params` with the ids of graphs and layers replaced, where `graphs` and `layers` know new ones. */
export function renamedParams(
  layer: Pick<LayerInstance, "class_name" | "params">,
  graphs: ReadonlyMap<string, string>,
  layers: ReadonlyMap<string, string>,
): JsonObject {
  const visit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(visit);
    if (!isJsonObject(value)) return value;
    if (isReference(value)) return { layer: layers.get(value.layer) ?? value.layer };
    const graph = graphOfValue(value);
    const result = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item)]));
    if (graph !== null && isJsonObject(result.config))
      result.config = { ...result.config, graph: graphs.get(graph) ?? graph };
    return result;
  };
  const params = Object.fromEntries(Object.entries(layer.params).map(([key, value]) => [key, visit(value)]));
  if (layer.class_name === MODEL && typeof params.graph === "string")
    params.graph = graphs.get(params.graph) ?? params.graph;
  return params;
}

/** The class and parameters of the layer that a value refers to, as if they stood there; any other value as it is. */
export function follow(value: unknown, layers: Layers): unknown {
  if (!isJsonObject(value) || !isReference(value)) return value;
  const layer = layers[value.layer];
  return layer ? { class_name: layer.class_name, config: layer.params } : value;
}

/** A layer parameter that names an instance of the design instead of holding a layer of its own. */
function isReference(value: JsonObject): value is { layer: string } {
  return typeof value.layer === "string" && Object.keys(value).length === 1;
}

/** The layers built from `graph`, by id: Model layers, and wrappers around one. */
export function usersOfGraph(layers: Layers, graph: string): string[] {
  return Object.keys(layers).filter((id) => namedBy(layers[id] as LayerInstance).graphs.has(graph));
}

/** The names of the layers that are called in `graph`: no two may be alike. */
export function namesIn(content: Pick<DesignContent, "nodes" | "layers">, graph: string): Set<string> {
  const names = Object.values(nodesIn(content.nodes, graph)).map((node) => content.layers[node.layer]?.name);
  return new Set(names.filter((name) => name !== undefined));
}

/** One step of the way into nested models: the node that was opened and the graph inside it. */
export interface Step {
  node: string;
  graph: string;
  name: string;
}

/** The way that `path` (nodes that were opened one inside the other) leads, as far as it still exists. */
export function followPath(content: DesignContent, path: readonly string[]): Step[] {
  const steps: Step[] = [];
  let graph = TOP;
  for (const node of path) {
    const call = content.nodes[node];
    const layer = call && content.layers[call.layer];
    const inner = graphInside(layer, content.layers);
    if (!layer || call.graph !== graph || inner === null || !content.graphs[inner]) break;
    steps.push({ node, graph: inner, name: layer.name });
    graph = inner;
  }
  return steps;
}

/** The shortest way from the top to `graph`: the nodes to open; null when nothing leads there. */
export function pathTo(content: DesignContent, graph: string): string[] | null {
  const open: { graph: string; path: string[] }[] = [{ graph: TOP, path: [] }];
  const seen = new Set([TOP]);
  for (const { graph: at, path } of open) {
    if (at === graph) return path;
    for (const [id, node] of Object.entries(nodesIn(content.nodes, at))) {
      const inner = graphInside(content.layers[node.layer], content.layers);
      if (inner === null || seen.has(inner) || !content.graphs[inner]) continue;
      seen.add(inner);
      open.push({ graph: inner, path: [...path, id] });
    }
  }
  return null;
}

/** How many layers a nested model has, its ends left out. */
export function layerCount(content: Pick<DesignContent, "nodes" | "layers">, graph: string): number {
  return Object.values(nodesIn(content.nodes, graph)).filter((node) => !isEnd(content.layers, node)).length;
}

export function isEnd(layers: Layers, node: NodeCall): boolean {
  const name = layers[node.layer]?.class_name;
  return name === INPUT || name === OUTPUT;
}
