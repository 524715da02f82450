import { isJsonObject, type JsonObject, type JsonValue } from "./json";
import {
  type DesignContent,
  edgeKey,
  type LayerInstance,
  type NodeCall,
  parseEdgeKey,
  type Weights,
  wiresOf,
} from "./model";
import { freeName, newId } from "./names";

/** A copied part of a design: nodes, the layers that they call and the wires between them. */
export interface Fragment {
  layerloom: 1;
  layers: Record<string, LayerInstance>;
  nodes: Record<string, NodeCall>;
  edges: Record<string, JsonObject>;
}

export const FRAGMENT_TYPE = "application/x-layerloom+json";

const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_FRAGMENT_NODES = 5_000;

/** The part of `content` that `ids` name. */
export function copyFragment(content: DesignContent, ids: readonly string[]): Fragment {
  const fragment: Fragment = { layerloom: 1, layers: {}, nodes: {}, edges: {} };
  for (const id of ids) {
    const node = content.nodes[id];
    const layer = node && content.layers[node.layer];
    if (!node || !layer) continue;
    fragment.nodes[id] = node;
    fragment.layers[node.layer] = layer;
  }
  for (const wire of wiresOf(content.edges)) {
    if (fragment.nodes[wire.source] && fragment.nodes[wire.target]) fragment.edges[wire.key] = {};
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
  if (!isJsonObject(data) || data.layerloom !== 1) return null;
  const layers = entriesOf(data.layers).flatMap(([id, value]) => {
    const layer = readLayer(value);
    return layer ? [[id, layer] as const] : [];
  });
  const known = new Set(layers.map(([id]) => id));
  const nodes = entriesOf(data.nodes).flatMap(([id, value]) => {
    const node = readNode(value);
    return node && known.has(node.layer) ? [[id, node] as const] : [];
  });
  if (nodes.length === 0 || nodes.length > MAX_FRAGMENT_NODES) return null;
  const ids = new Set(nodes.map(([id]) => id));
  const edges = Object.keys(isJsonObject(data.edges) ? data.edges : {}).filter((key) => {
    const wire = parseEdgeKey(key);
    return wire && ids.has(wire.source) && ids.has(wire.target);
  });
  return {
    layerloom: 1,
    layers: Object.fromEntries(layers),
    nodes: Object.fromEntries(nodes),
    edges: Object.fromEntries(edges.map((key) => [key, {}])),
  };
}

/** `fragment` with new ids, names that `content` does not use yet, and every node moved by (dx, dy). */
export function remapFragment(fragment: Fragment, content: DesignContent, dx: number, dy: number): Fragment {
  const taken = new Set(Object.values(content.layers).map((layer) => layer.name));
  const layerIds = new Map<string, string>();
  const nodeIds = new Map<string, string>();
  const result: Fragment = { layerloom: 1, layers: {}, nodes: {}, edges: {} };
  for (const [id, layer] of Object.entries(fragment.layers)) {
    const name = freeName(taken.has(layer.name) ? layer.name.replace(/_\d+$/, "") : layer.name, taken);
    taken.add(name);
    layerIds.set(id, newId());
    result.layers[layerIds.get(id) as string] = { ...layer, name };
  }
  for (const [id, node] of Object.entries(fragment.nodes)) {
    nodeIds.set(id, newId());
    const layer = layerIds.get(node.layer) as string;
    result.nodes[nodeIds.get(id) as string] = { ...node, layer, x: node.x + dx, y: node.y + dy };
  }
  for (const wire of wiresOf(fragment.edges)) {
    const source = nodeIds.get(wire.source) as string;
    const target = nodeIds.get(wire.target) as string;
    result.edges[edgeKey({ ...wire, source, target })] = {};
  }
  return result;
}

function entriesOf(value: JsonValue | undefined): [string, JsonValue][] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).filter(([id]) => IDENTIFIER.test(id));
}

function readLayer(value: JsonValue): LayerInstance | null {
  if (!isJsonObject(value) || typeof value.class_name !== "string" || typeof value.name !== "string")
    return null;
  return {
    class_name: value.class_name,
    name: value.name.slice(0, 200) || "layer",
    params: isJsonObject(value.params) ? value.params : {},
    weights: isJsonObject(value.weights) ? (value.weights as unknown as Weights) : null,
  };
}

function readNode(value: JsonValue): NodeCall | null {
  if (!isJsonObject(value) || typeof value.layer !== "string") return null;
  const { layer, x, y, color, note } = value;
  return {
    layer,
    graph: typeof value.graph === "string" ? value.graph : "",
    x: typeof x === "number" ? x : 0,
    y: typeof y === "number" ? y : 0,
    color: typeof color === "string" ? color.slice(0, 32) : "",
    note: typeof note === "string" ? note.slice(0, 10_000) : "",
    arguments: isJsonObject(value.arguments) ? value.arguments : {},
  };
}
