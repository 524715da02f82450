import { layerSpec } from "@/catalog";
import {
  type DesignContent,
  type Edit,
  edgeKey,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Wire,
  wiresOf,
} from "@/document";
import { inputPorts, outputPorts, type Port } from "@/graph/ports";

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

/**
 * Make the placeholder `id` a layer of the class `className`, with those parameters of the file that the class has; its
 * wires go to the ports of the class in their order.
 */
export function mapEdits(content: DesignContent, id: string, className: string): Edit[] {
  const params = content.layers[id]?.params;
  if (!params) return [];
  const { arguments: positional, ...config } = isJsonObject(params.config) ? params.config : {};
  const spec = layerSpec(className);
  const known = spec?.params?.map((param) => param.name);
  const given = Object.entries({ ...named(positional, known ?? []), ...config });
  const kept: JsonObject = Object.fromEntries(
    given.filter(([name]) => (known ? known.includes(name) : !EVERY_LAYER.has(name))),
  );
  delete kept.name;
  const moved = wiresOf(content.edges).flatMap((wire): [string, string][] => {
    const key = edgeKey({
      ...wire,
      source_port: portOut(content, id, wire, outputPorts(spec, kept, [])) ?? wire.source_port,
      target_port: portIn(content, id, wire, inputPorts(spec, kept, [])) ?? wire.target_port,
    });
    return key === wire.key ? [] : [[wire.key, key]];
  });
  return [
    { op: "set", path: ["layers", id, "class_name"], value: className },
    { op: "set", path: ["layers", id, "params"], value: kept },
    ...moved.map(([key]): Edit => ({ op: "remove", path: ["edges", key] })),
    ...moved.map(([, key]): Edit => ({ op: "set", path: ["edges", key], value: {} })),
  ];
}

/** The port of the class that a wire into a call of the placeholder gets: those by position come before those by name. */
function portIn(content: DesignContent, id: string, wire: Wire, ports: readonly Port[]): string | undefined {
  if (content.nodes[wire.target]?.layer !== id) return undefined;
  const wires = wiresOf(content.edges)
    .filter(({ target }) => target === wire.target)
    .sort((one, other) => compare(placeOf(one.target_port), placeOf(other.target_port)));
  return portAt(ports, wires.indexOf(wire));
}

/** The port of the class that a wire from a call of the placeholder gets: `output_2` is its third. */
function portOut(content: DesignContent, id: string, wire: Wire, ports: readonly Port[]): string | undefined {
  if (content.nodes[wire.source]?.layer !== id) return undefined;
  return portAt(ports, Number(/_(\d+)$/.exec(wire.source_port)?.[1] ?? 0));
}

function portAt(ports: readonly Port[], index: number): string | undefined {
  const many = ports.findIndex((port) => port.variadic);
  return many >= 0 && index >= many ? `${ports[many]?.name}.${index - many}` : ports[index]?.id;
}

/** What sorts the ports of a placeholder: whether it is an argument by name, the name, the number. */
function placeOf(port: string): [boolean, string, number] {
  const [name = "", number = "0"] = port.split(".");
  return [name.startsWith("in_"), name, Number(number)];
}

function compare(one: [boolean, string, number], other: [boolean, string, number]): number {
  const [[a, b, c], [x, y, z]] = [one, other];
  return Number(a) - Number(x) || (b < y ? -1 : b > y ? 1 : 0) || c - z;
}

/** The class that the file named, as Python can call it: `mine>Scale Layer` -> `ScaleLayer`. */
export function wantedClass(content: DesignContent, id: string): string {
  const named = content.layers[id]?.params.class_name;
  const last = typeof named === "string" ? (named.split(/[>.]/).at(-1) ?? "") : "";
  const name = last.replace(/\W/g, "");
  return /^[A-Za-z_]/.test(name) ? name : "OwnLayer";
}
