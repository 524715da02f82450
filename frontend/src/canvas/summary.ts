import type { ObjectSpec, ParamSpec } from "@/catalog";
import { isJsonObject, type JsonObject, type JsonValue } from "@/document";

const MOST = 5;

/** The parameters that make a layer what it is, in one line: `32 · 3×3 · relu`. */
export function summarize(spec: ObjectSpec | undefined, params: JsonObject): string {
  const known = spec?.params ?? [];
  const names = known.length > 0 ? known.map((param) => param.name) : Object.keys(params);
  const words = names.flatMap((name) => {
    const value = params[name];
    const param = known.find((each) => each.name === name);
    if (value === undefined || value === null || name === "name" || name === "position") return [];
    if (param?.advanced && typeof value !== "boolean") return [];
    return word(name, value, param);
  });
  return words.slice(0, MOST).join(" · ");
}

/** An operation as one reads it in code: `mean(axis=1)`, `add(x2=3)`. */
export function operationTitle(className: string, spec: ObjectSpec | undefined, params: JsonObject): string {
  const known = spec?.params?.map((param) => param.name) ?? Object.keys(params);
  const words = known.flatMap((name) => {
    const value = params[name];
    return value === undefined || name === "name" ? [] : [`${name}=${literal(value)}`];
  });
  return `${className.replace(/^ops\./, "")}(${words.join(", ")})`;
}

function literal(value: JsonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${value.map(literal).join(", ")})`;
  return isJsonObject(value) ? String(value.class_name ?? "…") : String(value);
}

function word(name: string, value: JsonValue, param: ParamSpec | undefined): string[] {
  if (value === true) return [name];
  if (value === false || value === null) return [];
  if (typeof value === "number" && param?.kind === "size" && (param.rank ?? 1) > 1) {
    return [Array.from({ length: param.rank ?? 1 }, () => value).join("×")];
  }
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlain) ? [formatDims(value)] : [];
  if (isJsonObject(value)) return typeof value.class_name === "string" ? [value.class_name] : [];
  // A card has room for the size of a number, the inspector for all its digits.
  if (typeof value === "number" && !Number.isInteger(value)) return [String(Number(value.toPrecision(4)))];
  return [String(value)];
}

function isPlain(value: JsonValue): value is number | null {
  return value === null || typeof value === "number";
}

/** `[8, 8, 1]` -> `8×8×1`; an unknown size is `?`. */
export function formatDims(shape: readonly (number | null)[]): string {
  return shape.map((size) => (size === null ? "?" : String(size))).join("×");
}

/** A tensor's shape on a wire, the batch axis left out: `[null, 8, 8, 1]` -> `8×8×1`. */
export function wireLabel(shape: readonly (number | null)[] | undefined): string {
  if (!shape) return "";
  return shape.length > 1 ? formatDims(shape.slice(1)) : "scalar";
}
