import { describe, expect, it } from "vitest";
import { type Kind, objectsOf, PARAM_KINDS, type ParamKind, type ParamSpec } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { formatParam, parseParam, sameValue, withoutValue, withValue } from "./values";

const catalog = loadCatalog();
const kinds = Object.keys(catalog.objects) as Kind[];
const params = kinds.flatMap((kind) =>
  objectsOf(kind).flatMap((spec) => (spec.params ?? []).map((param) => ({ name: spec.name, param }))),
);
const TYPED: ParamKind[] = ["integer", "number", "size", "shape", "axis", "numbers", "json"];

function spec(kind: ParamKind, more: Partial<ParamSpec> = {}): ParamSpec {
  return { name: "value", kind, ...more };
}

const read = (from: ParamSpec, text: string) => {
  const parsed = parseParam(from, text);
  return parsed.ok ? parsed.value : parsed.expected.key;
};

describe("reading what was typed", () => {
  it("knows every kind of parameter that the catalog has", () => {
    const unknown = params.filter(({ param }) => !PARAM_KINDS.includes(param.kind));
    expect(unknown).toEqual([]);
  });

  it("reads every default of the catalog back from its own text", () => {
    const changed = params.flatMap(({ name, param }) => {
      if (!TYPED.includes(param.kind) || param.required || param.default === undefined) return [];
      const text = formatParam(param, param.default);
      const again = parseParam({ ...param, nullable: true }, text);
      const kept = again.ok && (sameValue(again.value, param.default) || isEvenSize(param, again.value));
      return kept ? [] : [`${name}.${param.name}: ${text}`];
    });
    expect(changed).toEqual([]);
  });

  it.each([
    ["28, 28, 1", [28, 28, 1]],
    ["(28, 28, 1)", [28, 28, 1]],
    ["[28 28 1]", [28, 28, 1]],
    ["28x28x1", [28, 28, 1]],
    ["any, 16", [null, 16]],
    ["None, 16", [null, 16]],
    ["10", [10]],
    ["10,", [10]],
    ["()", []],
    ["-1, 4", [-1, 4]],
  ])("reads the shape %s", (text, shape) => {
    expect(read(spec("shape"), text)).toEqual(shape);
  });

  it.each([
    [spec("integer", { minimum: 1 }), "0", "integer"],
    [spec("integer"), "1.5", "integer"],
    [spec("integer"), "9".repeat(40), "integer"],
    [spec("number"), "0,5", "number"],
    [spec("number"), "1e999", "number"],
    [spec("number", { maximum: 1 }), "1.5", "number"],
    [spec("size", { rank: 2 }), "1, 2, 3", "size"],
    [spec("shape"), "28, wide", "shape"],
    [spec("axis"), "one", "axis"],
    [spec("json"), "{", "json"],
  ])("refuses %j for %s", (from, text, expected) => {
    expect(read(from, text)).toBe(expected);
  });

  it("takes the empty text as the default, and None only where null is allowed", () => {
    expect(read(spec("integer"), "  ")).toBeUndefined();
    expect(read(spec("integer", { nullable: true }), "None")).toBeNull();
    expect(read(spec("integer"), "None")).toBe("integer");
  });
});

describe("paths into nested values", () => {
  it("set and remove without touching the original", () => {
    const before = { a: { b: 1 }, c: 2 };
    expect(withValue(before, ["a", "d", "e"], 3)).toEqual({ a: { b: 1, d: { e: 3 } }, c: 2 });
    expect(withoutValue(before, ["a", "b"])).toEqual({ a: {}, c: 2 });
    expect(withoutValue(before, ["x", "y"])).toBe(before);
    expect(before).toEqual({ a: { b: 1 }, c: 2 });
  });
});

/** A size that is the same for every axis is written once. */
function isEvenSize(param: ParamSpec, value: unknown): boolean {
  return (
    param.kind === "size" && Array.isArray(param.default) && param.default.every((item) => item === value)
  );
}
