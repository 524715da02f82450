import type { JsonObject, JsonValue } from "./json";

/** A Keras object by class and configuration. */
export interface Configured {
  class_name: string;
  config: JsonObject;
}

/** Values that a layer starts from: of an uploaded file or of an earlier run. */
export interface Weights {
  source: "upload" | "run";
  id: string;
  layer: string;
}

/** A layer instance: only the parameters that somebody set. */
export interface LayerInstance {
  class_name: string;
  name: string;
  params: JsonObject;
  weights: Weights | null;
}

export type ModelClass = "auto" | "Functional" | "Sequential";

/** The inside of a nested model: the nodes whose `graph` is its id. */
export interface Graph {
  name: string;
  model_class: ModelClass;
}

export type CodeKind =
  | "layers"
  | "losses"
  | "metrics"
  | "callbacks"
  | "initializers"
  | "regularizers"
  | "activations"
  | "functions";

/** A class or function that somebody wrote for this design. */
export interface Code {
  kind: CodeKind;
  name: string;
  source: string;
}

/** A call of a layer, drawn at (x, y), in canvas pixels, in the nested model `graph` or ("") the design itself. */
export interface NodeCall {
  layer: string;
  graph: string;
  x: number;
  y: number;
  color: string;
  note: string;
  arguments: JsonObject;
}

export interface EdgeEnds {
  source: string;
  source_port: string;
  target: string;
  target_port: string;
}

/** A wire with its key, `source:port->target:port`. */
export interface Wire extends EdgeEnds {
  key: string;
}

export interface Meta {
  name: string;
  description: string;
  model_class: ModelClass;
  model_name: string;
}

export interface Loss extends Configured {
  weight: number;
}

export interface Metric extends Configured {
  weighted: boolean;
  position: number;
}

export interface Callback extends Configured {
  position: number;
}

export interface FitOptions {
  epochs: number;
  batch_size: number;
  validation_split: number;
  shuffle: boolean;
  class_weight: "none" | "balanced" | Record<string, number>;
  seed: number | null;
}

export interface CompileOptions {
  jit_compile: "auto" | boolean;
  run_eagerly: boolean;
  steps_per_execution: number;
  auto_scale_loss: boolean;
}

export interface KerasConfig {
  dtype_policy: "float32" | "float64" | "float16" | "bfloat16" | "mixed_float16" | "mixed_bfloat16";
  floatx: "float16" | "bfloat16" | "float32" | "float64";
  epsilon: number;
  image_data_format: "channels_last" | "channels_first";
}

/** What an output is trained towards: the labels of the data, its own inputs, or zero. */
export type Target = "labels" | "inputs" | "zeros";

/** What is learned from the labels of a table. */
export type Task = "classification" | "regression";

export interface Training {
  dataset: string | null;
  optimizer: Configured | null;
  losses: Record<string, Loss>;
  metrics: Record<string, Record<string, Metric>>;
  targets: Record<string, Target>;
  /** The columns of a table that an Input or Output node takes, by its id. */
  columns: Record<string, string[]>;
  tasks: Record<string, Task>;
  callbacks: Record<string, Callback>;
  fit: FitOptions;
  compile: CompileOptions;
  config: KerasConfig;
  weights: Weights | null;
}

/** A whole design, with the defaults of `app/document/model.py` filled in. */
export interface DesignContent {
  meta: Meta;
  graphs: Record<string, Graph>;
  layers: Record<string, LayerInstance>;
  nodes: Record<string, NodeCall>;
  edges: Record<string, JsonObject>;
  code: Record<string, Code>;
  training: Training;
}

export type Edit = { op: "set"; path: string[]; value: JsonValue } | { op: "remove"; path: string[] };

export const MAX_COORDINATE = 1_000_000;

export const DEFAULT_META: Meta = {
  name: "Untitled design",
  description: "",
  model_class: "auto",
  model_name: "",
};

export const DEFAULT_TRAINING: Training = {
  dataset: null,
  optimizer: null,
  losses: {},
  metrics: {},
  targets: {},
  columns: {},
  tasks: {},
  callbacks: {},
  fit: { epochs: 10, batch_size: 32, validation_split: 0.2, shuffle: true, class_weight: "none", seed: null },
  compile: { jit_compile: "auto", run_eagerly: false, steps_per_execution: 1, auto_scale_loss: true },
  config: { dtype_policy: "float32", floatx: "float32", epsilon: 1e-7, image_data_format: "channels_last" },
  weights: null,
};

const EDGE_KEY =
  /^([A-Za-z0-9_-]{1,64}):([a-z][a-z0-9_.]{0,68})->([A-Za-z0-9_-]{1,64}):([a-z][a-z0-9_.]{0,68})$/;

export function edgeKey(ends: EdgeEnds): string {
  return `${ends.source}:${ends.source_port}->${ends.target}:${ends.target_port}`;
}

const wires = new Map<string, Wire | null>();

/** The ends that `key` names, or null when it is no edge key. One object for one key. */
export function parseEdgeKey(key: string): Wire | null {
  const known = wires.get(key);
  if (known !== undefined) return known;
  const match = EDGE_KEY.exec(key);
  const [, source, source_port, target, target_port] = match ?? [];
  const wire =
    source && source_port && target && target_port ? { key, source, source_port, target, target_port } : null;
  wires.set(key, wire);
  return wire;
}

const lists = new WeakMap<object, Wire[]>();

/** Every wire of `edges`; the same array for the same record. */
export function wiresOf(edges: Record<string, JsonObject>): Wire[] {
  let list = lists.get(edges);
  if (!list) {
    list = Object.keys(edges)
      .map(parseEdgeKey)
      .filter((wire) => wire !== null);
    lists.set(edges, list);
  }
  return list;
}
