import * as Y from "yjs";
import { isJsonObject, type JsonObject, type JsonValue } from "./json";
import {
  type Code,
  DEFAULT_META,
  DEFAULT_TRAINING,
  type DesignContent,
  type Graph,
  type LayerInstance,
  type Meta,
  type NodeCall,
  type Training,
} from "./model";

/** The maps at the root of the shared document. Every JSON object in them is a Y.Map, all else is plain. */
export const ROOTS = ["meta", "graphs", "layers", "nodes", "edges", "code", "training"] as const;
export type Root = (typeof ROOTS)[number];
export type SharedMap = Y.Map<unknown>;

export function rootMap(doc: Y.Doc, root: Root): SharedMap {
  return doc.getMap(root);
}

export function isRoot(name: string | undefined): name is Root {
  return ROOTS.some((root) => root === name);
}

export function toShared(value: JsonValue): unknown {
  if (!isJsonObject(value)) return value;
  const map: SharedMap = new Y.Map();
  for (const [key, item] of Object.entries(value)) map.set(key, toShared(item));
  return map;
}

export function fromShared(value: unknown): JsonValue {
  if (!(value instanceof Y.Map)) return value as JsonValue;
  const result: JsonObject = {};
  for (const [key, item] of value.entries()) result[key] = fromShared(item);
  return result;
}

/** Set the value at `path`, creating the objects on the way. */
export function setAt(doc: Y.Doc, path: readonly string[], value: JsonValue): void {
  const [root, ...keys] = path;
  const last = keys.pop();
  if (!isRoot(root) || last === undefined) return;
  let place = rootMap(doc, root);
  for (const key of keys) {
    let next = place.get(key);
    if (!(next instanceof Y.Map)) {
      next = new Y.Map();
      place.set(key, next);
    }
    place = next as SharedMap;
  }
  place.set(last, toShared(value));
}

/** Remove the entry at `path`; nothing happens when it is not there. */
export function removeAt(doc: Y.Doc, path: readonly string[]): void {
  const [root, ...keys] = path;
  const last = keys.pop();
  if (!isRoot(root) || last === undefined) return;
  let place = rootMap(doc, root);
  for (const key of keys) {
    const next = place.get(key);
    if (!(next instanceof Y.Map)) return;
    place = next as SharedMap;
  }
  if (place.has(last)) place.delete(last);
}

/** Fill an empty document with the JSON form of a design. */
export function writeContent(doc: Y.Doc, content: Partial<Record<Root, JsonObject>>): void {
  doc.transact(() => {
    for (const root of ROOTS) {
      for (const [key, value] of Object.entries(content[root] ?? {}))
        rootMap(doc, root).set(key, toShared(value));
    }
  });
}

/** The JSON of one entry of a root, with the defaults of the schema. */
export function readEntry(root: Root, value: unknown): JsonValue {
  const json = fromShared(value);
  if (!isJsonObject(json)) return json;
  if (root === "nodes") return { graph: "", x: 0, y: 0, color: "", note: "", arguments: {}, ...json };
  if (root === "layers") return { params: {}, weights: null, ...json };
  if (root === "graphs") return { model_class: "auto", ...json };
  return json;
}

export function readRoot(doc: Y.Doc, root: Root): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of rootMap(doc, root).entries()) result[key] = readEntry(root, value);
  return result;
}

export function readContent(doc: Y.Doc): DesignContent {
  return {
    meta: withMetaDefaults(readRoot(doc, "meta")),
    graphs: readRoot(doc, "graphs") as unknown as Record<string, Graph>,
    layers: readRoot(doc, "layers") as unknown as Record<string, LayerInstance>,
    nodes: readRoot(doc, "nodes") as unknown as Record<string, NodeCall>,
    edges: readRoot(doc, "edges") as Record<string, JsonObject>,
    code: readRoot(doc, "code") as unknown as Record<string, Code>,
    training: withTrainingDefaults(readRoot(doc, "training")),
  };
}

export function withMetaDefaults(meta: JsonObject): Meta {
  return { ...DEFAULT_META, ...meta };
}

export function withTrainingDefaults(training: JsonObject): Training {
  const filled = (key: "fit" | "compile" | "config") => ({
    ...DEFAULT_TRAINING[key],
    ...(isJsonObject(training[key]) ? training[key] : {}),
  });
  return {
    ...DEFAULT_TRAINING,
    ...training,
    fit: filled("fit"),
    compile: filled("compile"),
    config: filled("config"),
  } as Training;
}
