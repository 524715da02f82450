import { layerSpec } from "@/catalog";
import { type EdgeEnds, NEW_NODE, parseEdgeKey } from "@/document";
import { inputPorts, outputPorts } from "@/graph/ports";
import type { CanvasModel } from "./CanvasModel";
import { cardSize } from "./card";
import type { OpenEnd } from "./state";

/** A wire in React Flow's words. */
export interface FlowConnection {
  source: string;
  target: string;
  sourceHandle?: string | null;
  targetHandle?: string | null;
}

export function layerInputs(className: string) {
  return inputPorts(layerSpec(className), {}, []);
}

export function layerOutputs(className: string) {
  return outputPorts(layerSpec(className), {}, []);
}

export function newSize(className: string) {
  return cardSize({
    inputs: layerInputs(className),
    outputs: layerOutputs(className),
    compact: className.startsWith("ops."),
  });
}

export function endsFrom(model: CanvasModel, end: OpenEnd, node: string): EdgeEnds | null {
  const port = model.find(node)?.data.ports.outputs[0];
  return port ? { source: node, source_port: port.id, target: end.node, target_port: end.port } : null;
}

export function wiring(className: string, from: OpenEnd | null, key: string | null) {
  const input = layerInputs(className)[0];
  const output = layerOutputs(className)[0];
  const wire = key ? parseEdgeKey(key) : null;
  const into = (source: string, source_port: string): EdgeEnds[] =>
    input ? [{ source, source_port, target: NEW_NODE, target_port: input.id }] : [];
  const out = (target: string, target_port: string): EdgeEnds[] =>
    output ? [{ source: NEW_NODE, source_port: output.id, target, target_port }] : [];
  if (key && wire && input && output) {
    return {
      connect: [...into(wire.source, wire.source_port), ...out(wire.target, wire.target_port)],
      disconnect: [key],
    };
  }
  if (!from) return {};
  return { connect: from.type === "source" ? into(from.node, from.port) : out(from.node, from.port) };
}

export function endsOf({ source, sourceHandle, target, targetHandle }: FlowConnection): EdgeEnds | null {
  return sourceHandle && targetHandle
    ? { source, source_port: sourceHandle, target, target_port: targetHandle }
    : null;
}
