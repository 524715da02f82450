import type { Kind } from "@/catalog";
import { objectSpec, type ParamSpec } from "@/catalog";
import {
  type Code,
  type DesignContent,
  type Edit,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@/document";
import { renamed } from "./pieceName";

interface Renaming {
  kind: Code["kind"];
  from: string;
  to: string;
}

/** Every place of the design that names `piece`, as edits that would have it say `name` there. */
export function editsOfUses(content: DesignContent, piece: Code, name: string): Edit[] {
  const renaming = { kind: piece.kind, from: piece.name, to: name };
  const edits: Edit[] = [];
  const set = (path: string[], before: unknown, after: JsonValue) => {
    if (after !== before) edits.push({ op: "set", path, value: after });
  };
  for (const [id, layer] of Object.entries(content.layers)) {
    if (piece.kind === "layers" && layer.class_name === piece.name) {
      edits.push({ op: "set", path: ["layers", id, "class_name"], value: name });
    }
    for (const [key, value] of Object.entries(layer.params)) {
      set(
        ["layers", id, "params", key],
        value,
        renamedParam(value, paramOf("layers", layer.class_name, key), renaming),
      );
    }
  }
  const { optimizer, losses, metrics, callbacks } = content.training;
  const objects: [Kind, string[], unknown][] = [
    ["optimizers", ["training", "optimizer"], optimizer],
    ...Object.entries(losses).map(([id, loss]): [Kind, string[], unknown] => [
      "losses",
      ["training", "losses", id],
      loss,
    ]),
    ...Object.entries(metrics).flatMap(([output, list]) =>
      Object.entries(list).map(([id, metric]): [Kind, string[], unknown] => [
        "metrics",
        ["training", "metrics", output, id],
        metric,
      ]),
    ),
    ...Object.entries(callbacks).map(([id, callback]): [Kind, string[], unknown] => [
      "callbacks",
      ["training", "callbacks", id],
      callback,
    ]),
  ];
  for (const [kind, path, object] of objects) {
    if (isJsonObject(object)) set(path, object, renamedObject(object, kind, renaming));
  }
  return edits;
}

function paramOf(kind: Kind, className: string, name: string): ParamSpec | undefined {
  return objectSpec(kind, className)?.params?.find((param) => param.name === name);
}

/** `value` of a parameter with the new name wherever it names the piece; the same value where it does not. */
function renamedParam(value: JsonValue, spec: ParamSpec | undefined, renaming: Renaming): JsonValue {
  const kind = spec?.kind === "layer" || spec?.kind === "layers" ? "layers" : spec?.object_kind;
  if (!kind) return value;
  if (typeof value === "string")
    return kind === renaming.kind && value === renaming.from ? renaming.to : value;
  if (Array.isArray(value)) {
    const items = value.map((item) => renamedParam(item, spec, renaming));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  return isJsonObject(value) ? renamedObject(value, kind, renaming) : value;
}

function renamedObject(object: JsonObject, kind: Kind, renaming: Renaming): JsonObject {
  const { class_name: className, config } = object;
  if (typeof className !== "string") return object;
  const own = kind === renaming.kind && className === renaming.from;
  let inner = config;
  if (isJsonObject(config)) {
    const entries = Object.entries(config).map(([key, value]) => {
      return [key, renamedParam(value, paramOf(kind, className, key), renaming)] as const;
    });
    if (entries.some(([key, value]) => value !== config[key])) inner = Object.fromEntries(entries);
  }
  if (!own && inner === config) return object;
  return {
    ...object,
    class_name: own ? renaming.to : className,
    ...(inner === undefined ? {} : { config: inner }),
  };
}

/** How many places of the design name `piece`. */
export function countUses(content: DesignContent, piece: Code): number {
  return editsOfUses(content, piece, `${piece.name}_`).length;
}

/** Rename a piece: in its own text, as a whole word, and wherever the design names it. */
export function renameEdits(content: DesignContent, id: string, name: string): Edit[] {
  const piece = content.code[id];
  if (!piece || piece.name === name) return [];
  return [
    { op: "set", path: ["code", id, "name"], value: name },
    { op: "set", path: ["code", id, "source"], value: renamed(piece.source, piece.name, name) },
    ...editsOfUses(content, piece, name),
  ];
}
