import { type JsonObject, type JsonValue, type Kind, type ObjectSpec, objectSpec } from "@/catalog";
import { isObject } from "./values";

/** A Keras object as a parameter holds it, whichever of the ways it is written. */
export interface ObjectChoice {
  className: string;
  config: JsonObject;
  spec: ObjectSpec | undefined;
}

/** `"relu"`, `"glorot_uniform"` or `{"class_name", "config"}`; undefined when the value names no object. */
export function readObject(kind: Kind, value: JsonValue | undefined): ObjectChoice | undefined {
  if (typeof value === "string" && value !== "") {
    const spec = objectSpec(kind, value);
    return { className: spec?.name ?? value, config: {}, spec };
  }
  if (isObject(value) && typeof value.class_name === "string") {
    const config = isObject(value.config) ? value.config : {};
    return { className: value.class_name, config, spec: objectSpec(kind, value.class_name) };
  }
  return undefined;
}

/** How a chosen object is stored: a function by its name, everything else by class and configuration. */
export function writeObject(kind: Kind, className: string, config: JsonObject = {}): JsonValue {
  const isFunction = kind === "activations" || kind === "functions";
  if (isFunction && Object.keys(config).length === 0) return className;
  return { class_name: className, config };
}
