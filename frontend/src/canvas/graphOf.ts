import { layerSpec } from "@/catalog";
import {
  type DesignContent,
  endsOfGraph,
  follow,
  isJsonObject,
  type JsonObject,
  type LayerInstance,
  MODEL,
  namedBy,
  nodesIn,
  type Wire,
  wiresIn,
} from "@/document";
import type { Graph } from "@/graph/connections";
import { inputPorts, type LayerRule, modelRule, outputPorts } from "@/graph/ports";
import type { CardPorts } from "./card";

type Called = Pick<DesignContent, "nodes" | "layers">;

/** The ports of what a node calls: by the catalog, and those of a Model by the ends of its graph. */
export function ruleOf(layer: LayerInstance | undefined, content: Called): LayerRule | undefined {
  if (layer?.class_name !== MODEL) return layerSpec(layer?.class_name ?? "");
  const { inputs, outputs } = endsOfGraph(content, String(layer.params.graph ?? ""));
  const name = (id: string) => content.layers[content.nodes[id]?.layer ?? ""]?.name ?? id;
  return layer.params.graph ? modelRule(inputs.map(name), outputs.map(name)) : modelRule([], []);
}

const holders = new WeakMap<LayerInstance, boolean>();

/** Whether the ports of a layer may depend on other layers, to which its parameters refer. */
function refers(layer: LayerInstance): boolean {
  if (!Object.values(layer.params).some(isJsonObject)) return false;
  let found = holders.get(layer);
  if (found === undefined) {
    found = namedBy(layer).layers.size > 0;
    holders.set(layer, found);
  }
  return found;
}

/** What the ports of a call depend on: the parameters of its layer, and its own arguments. */
function paramsOf(id: string, { nodes, layers }: Called): JsonObject {
  const node = nodes[id];
  const params = layers[node?.layer ?? ""]?.params ?? {};
  return node && Object.keys(node.arguments).length > 0 ? { ...params, ...node.arguments } : params;
}

/** One graph of the design as the connection rules see it. */
export function graphOf(content: DesignContent, graph: string): Graph {
  const nodes = new Map(
    Object.entries(nodesIn(content.nodes, graph)).map(([id, node]) => {
      const rule = ruleOf(content.layers[node.layer], content);
      const refer = (value: unknown) => follow(value, content.layers);
      return [id, { rule, params: paramsOf(id, content), follow: refer }] as const;
    }),
  );
  return { nodes, wires: wiresIn(content, graph) };
}

interface Used {
  into: string[];
  out: string[];
}

const NONE: Used = { into: [], out: [] };
const usedPorts = new WeakMap<readonly Wire[], Map<string, Used>>();

function portsInUse(wires: readonly Wire[]): Map<string, Used> {
  let index = usedPorts.get(wires);
  if (!index) {
    index = new Map();
    const at = (id: string) => {
      const used = index?.get(id) ?? { into: [], out: [] };
      index?.set(id, used);
      return used;
    };
    for (const wire of wires) {
      at(wire.source).out.push(wire.source_port);
      at(wire.target).into.push(wire.target_port);
    }
    usedPorts.set(wires, index);
  }
  return index;
}

interface Remembered {
  layer: LayerInstance | undefined;
  arguments: JsonObject | undefined;
  rule: LayerRule | undefined;
  used: Used;
  key: string;
  ports: CardPorts;
}

const remembered = new Map<string, Remembered>();

/** The ports of a node; the same object as long as they are the same. */
export function nodePorts(id: string, content: Called, wires: readonly Wire[]): CardPorts {
  const node = content.nodes[id];
  const layer = content.layers[node?.layer ?? ""];
  const rule = ruleOf(layer, content);
  const used = portsInUse(wires).get(id) ?? NONE;
  const before = remembered.get(id);
  const same = before?.layer === layer && before?.arguments === node?.arguments && before?.rule === rule;
  if (before && same && before.used === used && !(layer && refers(layer))) return before.ports;
  const params = paramsOf(id, content);
  const refer = (value: unknown) => follow(value, content.layers);
  const ports: CardPorts = {
    inputs: inputPorts(rule, params, used.into, refer),
    outputs: outputPorts(rule, params, used.out, refer),
  };
  if (layer?.class_name.startsWith("ops.")) ports.compact = true;
  const key = JSON.stringify(ports);
  const shown = before?.key === key ? before.ports : ports;
  remembered.set(id, { layer, arguments: node?.arguments, rule, used, key, ports: shown });
  return shown;
}
