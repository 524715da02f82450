import type { DatasetDescription, NodeAnalysis } from "@/api";
import { layerSpec } from "@/catalog";
import type { DesignContent, Target } from "@/document";

/** An end of the model: the Input or Output node and the name of the layer that marks it. */
export interface ModelEnd {
  node: string;
  name: string;
}

/** The Input or Output nodes of the design itself, in the order of the model's. */
export function modelEnds(
  marker: "input" | "output",
  nodes: DesignContent["nodes"],
  layers: DesignContent["layers"],
): ModelEnd[] {
  const found: (ModelEnd & { position: number })[] = [];
  for (const [id, node] of Object.entries(nodes)) {
    const layer = layers[node.layer];
    if (layer && !node.graph && layerSpec(layer.class_name)?.marker === marker)
      found.push({ node: id, name: layer.name, position: Number(layer.params.position ?? 0) });
  }
  return found.sort((a, b) => a.position - b.position || (a.node < b.node ? -1 : 1));
}

/** What training will choose where the design leaves loss and metrics open; null while the data is not known. */
export interface AutoChoice {
  loss: string;
  metric: string;
}

/** The names of what `app.worker.training.compile` chooses for this data and this Output node. */
export function autoChoice(
  data: DatasetDescription | null | undefined,
  node: string,
  facts: NodeAnalysis | undefined,
  target: Target = "labels",
): AutoChoice | null {
  if (!data) return null;
  const learned = data.targets[node] ?? data.target;
  if (target !== "labels" || learned.kind === "regression")
    return { loss: "MeanSquaredError", metric: "MeanAbsoluteError" };
  const shape = facts && Object.values(facts.input_shapes)[0];
  const single = shape ? shape.at(-1) === 1 : learned.encoding === "binary";
  return single
    ? { loss: "BinaryCrossentropy", metric: "BinaryAccuracy" }
    : { loss: "SparseCategoricalCrossentropy", metric: "SparseCategoricalAccuracy" };
}
