import { useSyncExternalStore } from "react";
import type { Catalog, Kind, ObjectSpec } from "./types";

/**
 * The one catalog of this page. It never changes while the page lives, so that look-ups need no hook;
 * `useCatalog` fills it.
 */
let current: Catalog | undefined;
let bySpelling = new Map<string, ObjectSpec>();
/** What the open design's own code adds to it, or says otherwise, by kind and name. */
let own = new Map<string, ObjectSpec>();
let version = 0;
const listeners = new Set<() => void>();

export function setCatalog(catalog: Catalog): Catalog {
  current = catalog;
  bySpelling = new Map();
  for (const [kind, objects] of Object.entries(catalog.objects)) {
    for (const spec of Object.values(objects)) {
      bySpelling.set(spellingKey(kind, spec.name), spec);
    }
  }
  return catalog;
}

export function getCatalog(): Catalog | undefined {
  return current;
}

/** Make what the open design's own code adds known to every look-up, and tell those who drew without it. */
export function setOwnSpecs(specs: readonly ObjectSpec[]): void {
  const next = new Map(specs.map((spec) => [`${spec.kind}:${spec.name}`, spec]));
  if (next.size === own.size && [...next].every(([key, spec]) => own.get(key) === spec)) return;
  own = next;
  version += 1;
  for (const listener of listeners) listener();
}

export function subscribeToSpecs(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Counts what own code changed in the catalog. */
export function specsVersion(): number {
  return version;
}

/** Draws a component anew when own code changes the catalog. */
export function useSpecsVersion(): number {
  return useSyncExternalStore(subscribeToSpecs, specsVersion);
}

/** Every object of a kind, in the order of the catalog, the open design's own ones last. */
export function objectsOf(kind: Kind): ObjectSpec[] {
  const known = Object.values(current?.objects[kind] ?? {});
  const mine = [...own.values()].filter((spec) => spec.kind === kind && spec.code);
  const layers =
    kind === "activations" ? Object.values(current?.objects.layers ?? {}).filter(isActivation) : [];
  return [...known.map((spec) => own.get(`${kind}:${spec.name}`) ?? spec), ...layers, ...mine];
}

/** Whether a layer may stand where an activation is wanted: `LeakyReLU`, with its slope. */
function isActivation(spec: ObjectSpec): boolean {
  return spec.category === "activation" && spec.name !== "Activation";
}

/** What can be drawn: layers, operations, and the design's own layers. */
export function drawables(): ObjectSpec[] {
  return [...objectsOf("layers"), ...objectsOf("operations")];
}

/** The spec of a class, also in the snake case of Keras: `glorot_uniform`, `adam`. */
export function objectSpec(kind: Kind, name: string): ObjectSpec | undefined {
  const known = own.get(`${kind}:${name}`) ?? current?.objects[kind]?.[name];
  const layer = kind === "activations" ? current?.objects.layers?.[name] : undefined;
  return known ?? (layer && isActivation(layer) ? layer : bySpelling.get(spellingKey(kind, name)));
}

/** The spec of what a node calls: a layer, an operation (`ops.mean`), or a layer of the design's own. */
export function layerSpec(className: string): ObjectSpec | undefined {
  if (className.startsWith("ops.")) return current?.objects.operations?.[className];
  return own.get(`layers:${className}`) ?? current?.objects.layers?.[className];
}

function spellingKey(kind: string, name: string): string {
  return `${kind}:${name.toLowerCase().replace(/[^a-z0-9]/g, "")}`;
}
