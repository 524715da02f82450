/** The catalog as `GET /api/catalog` serves it; `app/catalog/model.py` is its source. */

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export type Kind =
  | "layers"
  | "operations"
  | "optimizers"
  | "losses"
  | "metrics"
  | "callbacks"
  | "schedules"
  | "initializers"
  | "regularizers"
  | "constraints"
  | "activations"
  | "functions";

export const PARAM_KINDS = [
  "integer",
  "number",
  "boolean",
  "text",
  "choice",
  "size",
  "shape",
  "axis",
  "numbers",
  "strings",
  "dtype",
  "object",
  "layer",
  "layers",
  "graph",
  "expression",
  "json",
  "python",
] as const;

export type ParamKind = (typeof PARAM_KINDS)[number];

export interface ParamSpec {
  name: string;
  kind: ParamKind;
  required?: boolean;
  default?: JsonValue;
  nullable?: boolean;
  choices?: string[];
  object_kind?: Kind | null;
  /** For a function: the arguments with which Keras calls it; `logs=` is given by name. */
  called_with?: string[];
  rank?: number | null;
  minimum?: number | null;
  maximum?: number | null;
  help?: string;
  advanced?: boolean;
  file_name?: boolean;
}

export interface PortSpec {
  name: string;
  argument?: string;
  variadic?: boolean;
  optional?: boolean;
  when?: JsonObject;
  help?: string;
}

export interface ObjectSpec {
  name: string;
  kind: Kind;
  qualified_name: string;
  category?: string;
  summary?: string;
  help?: string;
  aliases?: string[];
  purposes?: string[];
  params?: ParamSpec[];
  inputs?: PortSpec[];
  outputs?: PortSpec[];
  sample?: JsonObject;
  sample_inputs?: JsonObject;
  marker?: "" | "input" | "output" | "model";
  /** For a class or function of the design's own: its id in the design's `code`. */
  code?: string;
  /** The arguments of a function of the design's own. */
  signature?: string;
  /** A class of Layerloom's own. */
  own?: boolean;
}

export interface Catalog {
  version: string;
  objects: Partial<Record<Kind, Record<string, ObjectSpec>>>;
}
