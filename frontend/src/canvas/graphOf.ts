import { layerSpec } from "@/catalog";
import {
  type DesignContent,
  endsOfGraph,
  type LayerInstance,
  MODEL,
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

/** One graph of the design as the connection rules see it. */
export function graphOf(content: DesignContent, graph: string): Graph {
  const nodes = new Map(
    Object.entries(nodesIn(content.nodes, graph)).map(([id, node]) => {
      const layer = content.layers[node.layer];
      return [id, { rule: ruleOf(layer, content), params: layer?.params ?? {} }] as const;
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
  rule: LayerRule | undefined;
  used: Used;
  key: string;
  ports: CardPorts;
}

const remembered = new Map<string, Remembered>();

/** The ports of a node; the same object as long as they are the same. */
export function nodePorts(id: string, content: Called, wires: readonly Wire[]): CardPorts {
  const layer = content.layers[content.nodes[id]?.layer ?? ""];
  const rule = ruleOf(layer, content);
  const used = portsInUse(wires).get(id) ?? NONE;
  const before = remembered.get(id);
  if (before && before.layer === layer && before.rule === rule && before.used === used) return before.ports;
  const ports: CardPorts = {
    inputs: inputPorts(rule, layer?.params ?? {}, used.into),
    outputs: outputPorts(rule, layer?.params ?? {}, used.out),
  };
  if (layer?.class_name.startsWith("ops.")) ports.compact = true;
  const key = JSON.stringify(ports);
  const same = before?.key === key ? before.ports : ports;
  remembered.set(id, { layer, rule, used, key, ports: same });
  return same;
}
