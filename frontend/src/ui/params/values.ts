import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";

/** What a text should have been: keys of the `params` messages with their values. */
export interface Expectation {
  key: string;
  minimum?: number;
  maximum?: number;
  count?: number;
}

/** `value` undefined stands for "back to the default". */
export type Parsed = { ok: true; value: JsonValue | undefined } | { ok: false; expected: Expectation };

const INTEGER = /^[+-]?\d[\d_]*$/;
const NUMBER = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i;
const NONE = /^(none|null)$/i;
const ANY = /^(any|none|null|\?|\*)$/i;

/** Read what was typed for a parameter; the empty text means its default. */
export function parseParam(spec: ParamSpec, text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === "" && spec.kind !== "text") return good(undefined);
  if (spec.nullable && NONE.test(trimmed)) return good(null);
  switch (spec.kind) {
    case "integer":
      return bounded(spec, "integer", toInteger(trimmed));
    case "number":
      return bounded(spec, "number", toNumber(trimmed));
    case "size":
      return parseSize(spec, trimmed);
    case "shape":
      return parseShape(trimmed);
    case "axis":
      return parseList(trimmed, "axis", toInteger);
    case "numbers":
      return parseList(trimmed, "numbers", toNumber);
    case "json":
      return parseJson(trimmed);
    default:
      return text === "" ? good(undefined) : good(text);
  }
}

/** The text that `parseParam` reads back as `value`. */
export function formatParam(spec: ParamSpec, value: JsonValue | undefined): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (spec.kind === "json") return JSON.stringify(value, null, 2);
  if (spec.kind === "shape" && Array.isArray(value)) {
    return value.length === 0 ? "()" : value.map((size) => (size === null ? "any" : String(size))).join(", ");
  }
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (typeof value === "object") return String(value.class_name ?? JSON.stringify(value));
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}

/** How a default reads as a placeholder; empty when there is none. */
export function defaultText(spec: ParamSpec): string {
  if (spec.required || spec.default === undefined) return "";
  if (spec.default === "") return "";
  return formatParam({ ...spec, kind: spec.kind === "json" ? "text" : spec.kind }, spec.default);
}

export function sameValue(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameValue(item, b[index]));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameValue(a[key], b[key]));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy of `target` with the value at `path` set, objects created on the way. */
export function withValue(target: JsonObject, path: readonly string[], value: JsonValue): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return target;
  const child = target[key];
  return { ...target, [key]: rest.length ? withValue(isObject(child) ? child : {}, rest, value) : value };
}

/** A copy of `target` without the entry at `path`. */
export function withoutValue(target: JsonObject, path: readonly string[]): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined || !(key in target)) return target;
  if (rest.length === 0) return Object.fromEntries(Object.entries(target).filter(([name]) => name !== key));
  const child = target[key];
  return isObject(child) ? { ...target, [key]: withoutValue(child, rest) } : target;
}

function good(value: JsonValue | undefined): Parsed {
  return { ok: true, value };
}

function toInteger(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function toNumber(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function bounded(spec: ParamSpec, key: string, value: number | undefined): Parsed {
  const minimum = spec.minimum ?? undefined;
  const maximum = spec.maximum ?? undefined;
  if (value === undefined || value < (minimum ?? -Infinity) || value > (maximum ?? Infinity))
    return { ok: false, expected: { key, minimum, maximum } };
  return good(value);
}

function parseSize(spec: ParamSpec, text: string): Parsed {
  const rank = spec.rank ?? 1;
  const minimum = spec.minimum ?? undefined;
  const expected: Expectation = { key: rank > 1 ? "size" : "integer", minimum, count: rank };
  const values = split(text).map(toInteger);
  if (values.length !== 1 && values.length !== rank) return { ok: false, expected };
  const numbers: number[] = [];
  for (const value of values) {
    if (value === undefined || value < (minimum ?? -Infinity)) return { ok: false, expected };
    numbers.push(value);
  }
  return good(numbers.length === 1 ? numbers[0] : numbers);
}

function parseShape(text: string): Parsed {
  const sizes: (number | null)[] = [];
  for (const part of split(text.replace(/[x×]/gi, ","))) {
    const value = ANY.test(part) ? null : toInteger(part);
    if (value === undefined || (value !== null && value < -1))
      return { ok: false, expected: { key: "shape" } };
    sizes.push(value);
  }
  return good(sizes);
}

function parseList(text: string, key: string, read: (part: string) => number | undefined): Parsed {
  const numbers: number[] = [];
  for (const part of split(text)) {
    const value = read(part);
    if (value === undefined) return { ok: false, expected: { key } };
    numbers.push(value);
  }
  const single = numbers.length === 1 && !/^[[(]/.test(text) && !text.endsWith(",");
  return good(single ? numbers[0] : numbers);
}

function parseJson(text: string): Parsed {
  try {
    return good(JSON.parse(text) as JsonValue);
  } catch {
    return { ok: false, expected: { key: "json" } };
  }
}

function split(text: string): string[] {
  const inner = text.replace(/^[([]\s*|\s*[)\]]$/g, "").trim();
  if (inner === "") return [];
  return inner.replace(/,\s*$/, "").split(/\s*,\s*|\s+/);
}
