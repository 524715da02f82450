import type { Analysis, NodeAnalysis } from "@/api/types";

const COLUMNS = 20;
const WIDTH = 280;
const HEIGHT = 112;

const CLASSES = [
  ["Conv2D", { filters: 64, kernel_size: 3, activation: "relu", padding: "same" }],
  ["BatchNormalization", {}],
  ["Activation", { activation: "relu" }],
  ["Add", {}],
  ["Dropout", { rate: 0.25 }],
] as const;

/** `count` layers in columns, each wired to the one above, every `Add` also to the layer four before it. */
export function network(count: number) {
  const layers: Record<string, object> = {};
  const nodes: Record<string, { layer: string; x: number; y: number }> = {};
  const edges: Record<string, object> = {};
  const analyses: NodeAnalysis[] = [];
  const rows = Math.ceil(count / COLUMNS);
  for (let index = 0; index < count; index++) {
    const [class_name, params] = CLASSES[index % CLASSES.length] as (typeof CLASSES)[number];
    const row = index % rows;
    layers[`l${index}`] = { class_name, name: `${class_name.toLowerCase()}_${index}`, params };
    nodes[`n${index}`] = { layer: `l${index}`, x: Math.floor(index / rows) * WIDTH, y: row * HEIGHT };
    const port = class_name === "Add" ? "inputs.0" : "input";
    if (row > 0) edges[`n${index - 1}:output->n${index}:${port}`] = {};
    if (class_name === "Add" && row > 3) edges[`n${index - 4}:output->n${index}:inputs.1`] = {};
    analyses.push({
      id: `n${index}`,
      name: `${class_name.toLowerCase()}_${index}`,
      class: class_name,
      input_shapes: { [port]: [null, 56, 56, 64] },
      output_shapes: { output: [null, 56, 56, 64] },
      output_dtypes: { output: "float32" },
      params: class_name === "Conv2D" ? 36_928 : class_name === "BatchNormalization" ? 256 : 0,
      trainable_params: class_name === "Conv2D" ? 36_928 : class_name === "BatchNormalization" ? 128 : 0,
      flops: class_name === "Conv2D" ? 231_211_008 : 401_408,
      activation_bytes: 802_816,
      graph: "",
    });
  }
  const costs = { flops: 1, activation_bytes: 1, training_bytes: 1, weights_bytes: 1 };
  const totals = { total_params: 1, trainable_params: 1, costs };
  const analysis: Analysis = { nodes: analyses, problems: [], learned: {}, ...totals };
  return { content: { layers, nodes, edges, meta: { name: "Benchmark" } }, analysis };
}
