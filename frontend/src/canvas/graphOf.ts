import { layerSpec } from "@/catalog";
import type { DesignContent, LayerInstance, Wire } from "@/document";
import type { Graph, NodePorts } from "@/graph/connections";
import { inputPorts, outputPorts } from "@/graph/ports";

/** The design as the connection rules see it. */
export function graphOf(content: DesignContent, wires: readonly Wire[]): Graph {
  const nodes = new Map(
    Object.entries(content.nodes).map(([id, node]) => {
      const layer = content.layers[node.layer];
      return [id, { rule: layerSpec(layer?.class_name ?? ""), params: layer?.params ?? {} }] as const;
    }),
  );
  return { nodes, wires };
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
  used: Used;
  key: string;
  ports: NodePorts;
}

const remembered = new Map<string, Remembered>();

/** The ports of a node; the same object as long as they are the same. */
export function nodePorts(id: string, layer: LayerInstance | undefined, wires: readonly Wire[]): NodePorts {
  const used = portsInUse(wires).get(id) ?? NONE;
  const before = remembered.get(id);
  if (before && before.layer === layer && before.used === used) return before.ports;
  const rule = layerSpec(layer?.class_name ?? "");
  const ports = {
    inputs: inputPorts(rule, layer?.params ?? {}, used.into),
    outputs: outputPorts(rule, layer?.params ?? {}, used.out),
  };
  const key = JSON.stringify(ports);
  const same = before?.key === key ? before.ports : ports;
  remembered.set(id, { layer, used, key, ports: same });
  return same;
}
