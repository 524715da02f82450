import type { Catalog, Kind, ObjectSpec } from "./types";

/**
 * The one catalog of this page. It never changes while the page lives, so that look-ups need no hook;
 * `useCatalog` fills it.
 */
let current: Catalog | undefined;
let bySpelling = new Map<string, ObjectSpec>();

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

/** Every object of a kind, in the order of the catalog. */
export function objectsOf(kind: Kind): ObjectSpec[] {
  return Object.values(current?.objects[kind] ?? {});
}

/** The spec of a class, also in the snake case of Keras: `glorot_uniform`, `adam`. */
export function objectSpec(kind: Kind, name: string): ObjectSpec | undefined {
  return current?.objects[kind]?.[name] ?? bySpelling.get(spellingKey(kind, name));
}

export function layerSpec(className: string): ObjectSpec | undefined {
  return current?.objects.layers?.[className];
}

function spellingKey(kind: string, name: string): string {
  return `${kind}:${name.toLowerCase().replace(/[^a-z0-9]/g, "")}`;
}
