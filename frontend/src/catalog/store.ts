import type { Catalog, Kind, ObjectSpec } from "./types";

/**
 * The one catalog of this page. It never changes while the page lives, so that look-ups need no hook;
 * `useCatalog` fills it.
 */
let current: Catalog | undefined;
let bySpelling = new Map<string, ObjectSpec>();
/** What the open design's own code adds, by kind and name. */
let own = new Map<string, ObjectSpec>();

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

/** Make the classes of the open design's own code known to every look-up. */
export function setOwnSpecs(specs: readonly ObjectSpec[]): void {
  own = new Map(specs.map((spec) => [`${spec.kind}:${spec.name}`, spec]));
}

/** Every object of a kind, in the order of the catalog, the open design's own ones last. */
export function objectsOf(kind: Kind): ObjectSpec[] {
  const mine = [...own.values()].filter((spec) => spec.kind === kind);
  return [...Object.values(current?.objects[kind] ?? {}), ...mine];
}

/** What can be drawn: layers, operations, and the design's own layers. */
export function drawables(): ObjectSpec[] {
  return [...objectsOf("layers"), ...objectsOf("operations")];
}

/** The spec of a class, also in the snake case of Keras: `glorot_uniform`, `adam`. */
export function objectSpec(kind: Kind, name: string): ObjectSpec | undefined {
  return (
    current?.objects[kind]?.[name] ?? own.get(`${kind}:${name}`) ?? bySpelling.get(spellingKey(kind, name))
  );
}

/** The spec of what a node calls: a layer, an operation (`ops.mean`), or a layer of the design's own. */
export function layerSpec(className: string): ObjectSpec | undefined {
  if (className.startsWith("ops.")) return current?.objects.operations?.[className];
  return current?.objects.layers?.[className] ?? own.get(`layers:${className}`);
}

function spellingKey(kind: string, name: string): string {
  return `${kind}:${name.toLowerCase().replace(/[^a-z0-9]/g, "")}`;
}
