import { readFileSync } from "node:fs";
import path from "node:path";
import { setCatalog } from "./store";
import type { Catalog, Kind, ObjectSpec, ParamSpec } from "./types";

const FILE = path.resolve(import.meta.dirname, "../../../app/catalog/catalog.json");

/** The committed catalog, for tests; it is also made the catalog of the page. */
export function loadCatalog(): Catalog {
  return setCatalog(JSON.parse(readFileSync(FILE, "utf8")) as Catalog);
}

export function getObject(catalog: Catalog, kind: Kind, name: string): ObjectSpec {
  const spec = catalog.objects[kind]?.[name];
  if (!spec) throw new Error(`The catalog has no ${kind} ${name}.`);
  return spec;
}

export function getParam(catalog: Catalog, kind: Kind, name: string, param: string): ParamSpec {
  const spec = getObject(catalog, kind, name).params?.find((item) => item.name === param);
  if (!spec) throw new Error(`${name} has no parameter ${param}.`);
  return spec;
}
