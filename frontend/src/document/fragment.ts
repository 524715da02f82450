import { namedBy, namesIn, nodesIn, renamedParams, TOP } from "./graphs";
import { isJsonObject, type JsonObject, type JsonValue } from "./json";
import {
  type Code,
  type DesignContent,
  edgeKey,
  type Graph,
  type LayerInstance,
  type NodeCall,
  parseEdgeKey,
  type Weights,
  wiresOf,
} from "./model";
import { copiedName, newId } from "./names";

/**
 * A copied part of a design: nodes, the layers that they call, the wires between them, and what is inside their
 * nested models. A node of the part itself has the graph "".
 */
export interface Fragment {
  layerloom: 1;
  graphs: Record<string, Graph>;
  layers: Record<string, LayerInstance>;
  nodes: Record<string, NodeCall>;
  edges: Record<string, JsonObject>;
  code: Record<string, Code>;
}

export const FRAGMENT_TYPE = "application/x-layerloom+json";

const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_FRAGMENT_NODES = 5_000;

export function emptyFragment(): Fragment {
  return { layerloom: 1, graphs: {}, layers: {}, nodes: {}, edges: {}, code: {} };
}

/** The part of `content` that `ids`, nodes of one graph, name. */
export function copyFragment(content: DesignContent, ids: readonly string[]): Fragment {
  const fragment = emptyFragment();
  const addLayer = (id: string): void => {
    const layer = content.layers[id];
    if (!layer || fragment.layers[id]) return;
    fragment.layers[id] = layer;
    const named = namedBy(layer);
    for (const other of named.layers) addLayer(other);
    for (const graph of named.graphs) addGraph(graph);
  };
  const addGraph = (id: string): void => {
    const graph = content.graphs[id];
    if (!graph || fragment.graphs[id]) return;
    fragment.graphs[id] = graph;
    for (const [inner, node] of Object.entries(nodesIn(content.nodes, id))) {
      fragment.nodes[inner] = node;
      addLayer(node.layer);
    }
  };
  for (const id of ids) {
    const node = content.nodes[id];
    if (!node || !content.layers[node.layer]) continue;
    fragment.nodes[id] = { ...node, graph: TOP };
    addLayer(node.layer);
  }
  for (const wire of wiresOf(content.edges)) {
    if (fragment.nodes[wire.source] && fragment.nodes[wire.target]) fragment.edges[wire.key] = {};
  }
  const classes = classNames(Object.values(fragment.layers));
  for (const [id, code] of Object.entries(content.code)) {
    if (classes.has(code.name)) fragment.code[id] = code;
  }
  return fragment;
}

/** The fragment that `text` holds, or null: whatever else is on the clipboard is not an error. */
export function parseFragment(text: string): Fragment | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  return isJsonObject(data) && data.layerloom === 1 ? readFragment(data) : null;
}

/** The valid parts of a fragment or of a whole design file; null when no node is among them. */
function readFragment(data: JsonObject): Fragment | null {
  const layers = entriesOf(data.layers, readLayer);
  const graphs = entriesOf(data.graphs, readGraph);
  const nodes = Object.fromEntries(
    Object.entries(entriesOf(data.nodes, readNode)).filter(
      ([, node]) => node.layer in layers && (node.graph === TOP || node.graph in graphs),
    ),
  );
  const count = Object.keys(nodes).length;
  if (count === 0 || count > MAX_FRAGMENT_NODES) return null;
  const edges = Object.keys(isJsonObject(data.edges) ? data.edges : {}).filter((key) => {
    const wire = parseEdgeKey(key);
    return wire && nodes[wire.source] && nodes[wire.source]?.graph === nodes[wire.target]?.graph;
  });
  return {
    layerloom: 1,
    graphs,
    layers,
    nodes,
    edges: Object.fromEntries(edges.map((key) => [key, {}])),
    code: entriesOf(data.code, readCode),
  };
}

/**
 * `fragment` as a part of the graph `graph` of `content`: with new ids, names that this graph does not use yet, and
 * every node of its own moved by (dx, dy). Own code that the design has under its name already is not taken again.
 */
export function remapFragment(
  fragment: Fragment,
  content: DesignContent,
  graph: string,
  dx: number,
  dy: number,
): Fragment {
  const renamed = (keys: Record<string, unknown>) => new Map(Object.keys(keys).map((id) => [id, newId()]));
  const graphIds = renamed(fragment.graphs);
  const layerIds = renamed(fragment.layers);
  const nodeIds = renamed(fragment.nodes);
  const known = new Set(Object.values(content.code).map((code) => code.name));
  const result = emptyFragment();
  for (const [id, inner] of Object.entries(fragment.graphs))
    result.graphs[graphIds.get(id) as string] = inner;
  for (const [id, code] of Object.entries(fragment.code)) if (!known.has(code.name)) result.code[id] = code;

  const outer = new Set(
    Object.values(fragment.nodes).flatMap((node) => (node.graph === TOP ? node.layer : [])),
  );
  const taken = namesIn(content, graph);
  for (const [id, layer] of Object.entries(fragment.layers)) {
    const params = renamedParams(layer, graphIds, layerIds);
    let { name } = layer;
    if (outer.has(id)) {
      name = copiedName(name, taken);
      taken.add(name);
    }
    result.layers[layerIds.get(id) as string] = { ...layer, name, params };
  }
  for (const [id, node] of Object.entries(fragment.nodes)) {
    const own = node.graph === TOP;
    result.nodes[nodeIds.get(id) as string] = {
      ...node,
      layer: layerIds.get(node.layer) as string,
      graph: own ? graph : (graphIds.get(node.graph) as string),
      x: node.x + (own ? dx : 0),
      y: node.y + (own ? dy : 0),
    };
  }
  for (const wire of wiresOf(fragment.edges)) {
    const source = nodeIds.get(wire.source) as string;
    const target = nodeIds.get(wire.target) as string;
    result.edges[edgeKey({ ...wire, source, target })] = {};
  }
  return result;
}

/** The nodes of `fragment` that are the part itself, not the inside of a model in it. */
export function ownNodes(fragment: Fragment, graph: string): string[] {
  return Object.keys(fragment.nodes).filter((id) => fragment.nodes[id]?.graph === graph);
}

function classNames(layers: readonly LayerInstance[]): Set<string> {
  const names = new Set<string>();
  const visit = (value: JsonValue): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isJsonObject(value)) {
      if (typeof value.class_name === "string") names.add(value.class_name);
      Object.values(value).forEach(visit);
    } else if (typeof value === "string") names.add(value);
  };
  for (const layer of layers) {
    names.add(layer.class_name);
    visit(layer.params);
  }
  return names;
}

function entriesOf<T>(
  value: JsonValue | undefined,
  read: (value: JsonObject) => T | null,
): Record<string, T> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([id, item]) => {
      const entry = IDENTIFIER.test(id) && isJsonObject(item) ? read(item) : null;
      return entry === null ? [] : [[id, entry] as const];
    }),
  );
}

function readGraph({ name, model_class }: JsonObject): Graph | null {
  if (typeof name !== "string" || name === "") return null;
  const known = model_class === "Functional" || model_class === "Sequential" ? model_class : "auto";
  return { name: name.slice(0, 200), model_class: known };
}

function readCode({ kind, name, source }: JsonObject): Code | null {
  if (typeof kind !== "string" || typeof name !== "string" || typeof source !== "string") return null;
  return { kind: kind as Code["kind"], name, source };
}

function readLayer(value: JsonObject): LayerInstance | null {
  if (typeof value.class_name !== "string" || typeof value.name !== "string") return null;
  return {
    class_name: value.class_name,
    name: value.name.slice(0, 200) || "layer",
    params: isJsonObject(value.params) ? value.params : {},
    weights: isJsonObject(value.weights) ? (value.weights as unknown as Weights) : null,
  };
}

function readNode(value: JsonObject): NodeCall | null {
  if (typeof value.layer !== "string") return null;
  const { layer, x, y, color, note } = value;
  return {
    layer,
    graph: typeof value.graph === "string" ? value.graph : TOP,
    x: typeof x === "number" ? x : 0,
    y: typeof y === "number" ? y : 0,
    color: typeof color === "string" ? color.slice(0, 32) : "",
    note: typeof note === "string" ? note.slice(0, 10_000) : "",
    arguments: isJsonObject(value.arguments) ? value.arguments : {},
  };
}
