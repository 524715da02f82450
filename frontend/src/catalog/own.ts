import type { JsonValue, Kind, ObjectSpec, ParamSpec } from "./types";

interface OwnCode {
  kind: Kind;
  name: string;
  source: string;
}

/**
 * The spec of a piece of the design's own code, read from its text: the parameters of `__init__`, or of the function.
 * What cannot be read there has no form; the server says what is wrong with it.
 */
export function ownSpec(id: string, code: OwnCode): ObjectSpec {
  const layer = code.kind === "layers";
  return {
    name: code.name,
    kind: code.kind,
    qualified_name: "",
    category: "own",
    summary: summaryOf(code),
    params: parametersOf(code),
    inputs: layer ? [{ name: "input" }] : [],
    outputs: layer ? [{ name: "output" }] : [],
    marker: "",
    code: id,
  };
}

function bodyOf({ name, source }: OwnCode): string {
  const start = source.search(new RegExp(`^(class|def)\\s+${name.replace(/\W/g, "")}\\b`, "m"));
  return start < 0 ? "" : source.slice(start);
}

function summaryOf(code: OwnCode): string {
  const doc = /^(?:class|def)[^\n]*:\s*\n\s+[rR]?("""|''')([\s\S]*?)\1/.exec(bodyOf(code));
  return doc?.[2]?.trim().split(/\n\s*\n/)[0] ?? "";
}

function parametersOf(code: OwnCode): ParamSpec[] {
  const body = bodyOf(code);
  const signature = body.startsWith("class")
    ? /def\s+__init__\s*\(/.exec(body.slice(0, nextClass(body)))
    : null;
  if (!signature) return [];
  return split(body, signature.index + signature[0].length).flatMap((item) => {
    const [, name, annotation, text] = /^(\w+)\s*(?::([^=]*))?(?:=([\s\S]*))?$/.exec(item) ?? [];
    if (!name || name === "self" || name === "name") return [];
    const value = text === undefined ? undefined : literal(text.trim());
    const hint = annotation?.trim() ?? "";
    const kind = kindOf(hint, value, text?.trim() ?? "");
    const optional = mayBeNone(hint) && kind !== "json";
    return [
      text === undefined
        ? { name, kind, required: true, ...(optional && { nullable: true }) }
        : { name, kind, default: value ?? null, nullable: optional || (value ?? null) === null },
    ];
  });
}

function nextClass(body: string): number {
  const next = body.slice(1).search(/^class\s/m);
  return next < 0 ? body.length : next + 1;
}

/** The comma-separated items after an opening bracket, up to the one that closes it; `*` and `**` items left out. */
function split(text: string, from: number): string[] {
  const items: string[] = [];
  let depth = 0;
  let quote = "";
  let item = "";
  for (const sign of text.slice(from)) {
    if (quote || sign === "'" || sign === '"') {
      if (!quote) quote = sign;
      else if (sign === quote) quote = "";
      item += sign;
      continue;
    }
    if (depth === 0 && sign === ")") break;
    if ("([{".includes(sign)) depth += 1;
    if (")]}".includes(sign)) depth -= 1;
    if (depth === 0 && sign === ",") {
      items.push(item);
      item = "";
    } else item += sign;
  }
  return [...items, item].map((each) => each.trim()).filter((each) => each && !each.startsWith("*"));
}

function literal(text: string): JsonValue | undefined {
  if (text === "None") return null;
  if (text === "True" || text === "False") return text === "True";
  if (/^[+-]?[\d._]+(e[+-]?\d+)?$/i.test(text)) return Number(text.replaceAll("_", ""));
  const items = /^(?:\[([^[\]]*)\]|\(([^()]*,[^()]*)\))$/.exec(text);
  if (items) {
    const values = split(`${items[1] ?? items[2]})`, 0).map(literal);
    return values.every((value) => typeof value === "number") ? values : undefined;
  }
  return /^(["'])(.*)\1$/.exec(text)?.[2];
}

/**
 * The kind of a value: what the annotation says (`| None` and `Optional` aside), else what the default is. A float
 * stays one where its value is whole: `1.0` is a number, and `1` an integer. `app/catalog/signature.py` is the rule.
 */
function kindOf(annotation: string, value: JsonValue | undefined, text: string): ParamSpec["kind"] {
  const annotated = ANNOTATIONS[withoutNone(annotation)];
  if (annotated) return annotated;
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return /[.e]/i.test(text) ? "number" : "integer";
  if (Array.isArray(value)) return "numbers";
  return typeof value === "string" ? "text" : "json";
}

function mayBeNone(annotation: string): boolean {
  return unquoted(annotation) !== withoutNone(annotation);
}

function withoutNone(annotation: string): string {
  return unquoted(annotation)
    .replace(/^(?:typing\.)?Optional\[(.*)\]$/, "$1")
    .replace(/^None\s*\|\s*|\s*\|\s*None$/g, "");
}

function unquoted(annotation: string): string {
  return annotation.replace(/^(["'])(.*)\1$/, "$2");
}

const ANNOTATIONS: Readonly<Record<string, ParamSpec["kind"]>> = {
  int: "integer",
  float: "number",
  bool: "boolean",
  str: "text",
};
