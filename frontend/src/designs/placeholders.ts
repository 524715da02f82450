import { layerSpec } from "@/catalog";
import { type DesignContent, type Edit, isJsonObject, type JsonObject, type JsonValue } from "@/document";

/** The class of what stands for a layer that could not be imported; its parameters hold what the file said of it. */
export const PLACEHOLDER = "Placeholder";

/** Entries of a Keras config that every layer has and that a design keeps elsewhere or fills itself. */
const EVERY_LAYER = new Set(["name", "dtype", "trainable", "build_config"]);

/** The ids of the placeholders of a design by the names of their layers. */
export function placeholdersOf(content: DesignContent): Map<string, string> {
  const found = Object.entries(content.layers).filter(([, layer]) => layer.class_name === PLACEHOLDER);
  return new Map(found.map(([id, layer]) => [layer.name, id]));
}

/** What a script gave without names, by the names of the class. */
function named(positional: JsonValue | undefined, names: readonly string[]): JsonObject {
  const values = Array.isArray(positional) ? positional.slice(0, names.length) : [];
  return Object.fromEntries(values.map((value, index) => [names[index] ?? "", value]));
}

/** Make the placeholder `id` a layer of the class `className`, with those parameters of the file that the class has. */
export function mapEdits(content: DesignContent, id: string, className: string): Edit[] {
  const params = content.layers[id]?.params;
  if (!params) return [];
  const { arguments: positional, ...config } = isJsonObject(params.config) ? params.config : {};
  const known = layerSpec(className)?.params?.map((param) => param.name);
  const given = Object.entries({ ...named(positional, known ?? []), ...config });
  const kept: JsonObject = Object.fromEntries(
    given.filter(([name]) => (known ? known.includes(name) : !EVERY_LAYER.has(name))),
  );
  delete kept.name;
  return [
    { op: "set", path: ["layers", id, "class_name"], value: className },
    { op: "set", path: ["layers", id, "params"], value: kept },
  ];
}

/** The class that the file named, as Python can call it: `mine>Scale Layer` -> `ScaleLayer`. */
export function wantedClass(content: DesignContent, id: string): string {
  const named = content.layers[id]?.params.class_name;
  const last = typeof named === "string" ? (named.split(/[>.]/).at(-1) ?? "") : "";
  const name = last.replace(/\W/g, "");
  return /^[A-Za-z_]/.test(name) ? name : "OwnLayer";
}
