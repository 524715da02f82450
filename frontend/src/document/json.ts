import { share } from "@/lib/share";

/** A JSON value, as it stands in a design file. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at `path`, or undefined where the path ends early. */
export function findAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((place, key) => (isJsonObject(place) ? place[key] : undefined), value);
}

export function equal(left: unknown, right: unknown): boolean {
  return share(left, right) === left;
}
