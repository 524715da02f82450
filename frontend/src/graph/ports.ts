/** What the graph needs to know of a layer class; the catalog's specs have this shape. */
export interface LayerRule {
  inputs?: readonly PortRule[] | null;
  outputs?: readonly PortRule[] | null;
  params?: readonly { name: string; default?: unknown }[] | null;
  marker?: "" | "input" | "output" | "model" | null;
}

export interface PortRule {
  name: string;
  /** What is written at the port in place of its name. */
  label?: string;
  variadic?: boolean;
  optional?: boolean;
  when?: Readonly<Record<string, unknown>> | null;
}

export interface Port {
  /** As in an edge key: `input`, `inputs.0`, `state_h`. */
  id: string;
  /** The name of the port rule; the same for all numbers of a variadic port. */
  name: string;
  /** What people read at the port. */
  label: string;
  /** May stay without a wire: optional, or the spare one of a variadic port. */
  optional: boolean;
  variadic: boolean;
  /** A wire is at it. */
  wired: boolean;
  /** A wire ends here though the layer has no such port with its present parameters. */
  stale: boolean;
}

const rules = new Map<string, LayerRule>();

/** The ports of a nested model: one for each of its ends, called as those are. The same rule for the same ends. */
export function modelRule(inputs: readonly string[], outputs: readonly string[]): LayerRule {
  const key = JSON.stringify([inputs, outputs]);
  let rule = rules.get(key);
  if (!rule) {
    const ports = (side: string, names: readonly string[]) =>
      names.map((label, index) => ({ name: `${side}.${index}`, label }));
    rule = { inputs: ports("inputs", inputs), outputs: ports("outputs", outputs), marker: "model" };
    rules.set(key, rule);
  }
  return rule;
}

type Params = Readonly<Record<string, unknown>>;

/** The class and parameters of the layer that a parameter refers to, as an object; any other value as it is. */
export type Follow = (value: unknown) => unknown;

const asItIs: Follow = (value) => value;

const UNKNOWN: LayerRule = { inputs: [{ name: "input" }], outputs: [{ name: "output" }] };

/** The input ports of a layer with `params`, one spare for each variadic one, and those that `used` names. */
export function inputPorts(
  rule: LayerRule | undefined,
  params: Params,
  used: readonly string[],
  follow: Follow = asItIs,
): Port[] {
  return expand((rule ?? UNKNOWN).inputs ?? [], rule, params, used, follow);
}

/** The output ports of a layer with `params`, in Keras' order, one spare for each variadic one, and those that `used` names. */
export function outputPorts(
  rule: LayerRule | undefined,
  params: Params,
  used: readonly string[],
  follow: Follow = asItIs,
): Port[] {
  return expand((rule ?? UNKNOWN).outputs ?? [], rule, params, used, follow);
}

/** Whether a layer class takes a tensor at all. */
export function hasInput(rule: LayerRule): boolean {
  return (rule.inputs?.length ?? 0) > 0;
}

export function hasOutput(rule: LayerRule): boolean {
  return (rule.outputs?.length ?? 0) > 0;
}

function expand(
  rules: readonly PortRule[],
  layer: LayerRule | undefined,
  params: Params,
  used: readonly string[],
  follow: Follow,
): Port[] {
  const ports = rules
    .filter((port) => exists(port, layer, params, follow))
    .flatMap((port) => (port.variadic ? numbered(port, used) : [plain(port)]));
  const known = new Set(ports.map((port) => port.id));
  const wired = new Set(used);
  const stale = [...wired].filter((id) => !known.has(id)).sort(byNumber);
  return [
    ...ports.map((port) => ({ ...port, wired: wired.has(port.id) })),
    ...stale.map((id) => ({ ...plain({ name: id }), name: baseName(id), wired: true, stale: true })),
  ];
}

function plain(port: PortRule): Port {
  return {
    id: port.name,
    name: port.name,
    label: port.label ?? port.name,
    optional: port.optional ?? false,
    variadic: false,
    wired: false,
    stale: false,
  };
}

function numbered(port: PortRule, used: readonly string[]): Port[] {
  const numbers = used
    .filter((id) => baseName(id) === port.name && id !== port.name)
    .map(portNumber)
    .sort((left, right) => left - right);
  const distinct = [...new Set(numbers)];
  const last = distinct.at(-1) ?? -1;
  return [...distinct, last + 1].map((number) => ({
    id: `${port.name}.${number}`,
    name: port.name,
    label: `${port.name}.${number}`,
    optional: (port.optional ?? false) || number > last,
    variadic: true,
    wired: false,
    stale: false,
  }));
}

function exists(port: PortRule, layer: LayerRule | undefined, params: Params, follow: Follow): boolean {
  return Object.entries(port.when ?? {}).every(([path, wanted]) =>
    holds(valueAt(path, layer, params, follow), wanted),
  );
}

function holds(value: unknown, wanted: unknown): boolean {
  return Array.isArray(wanted) ? wanted.includes(value) : value === wanted;
}

function valueAt(path: string, layer: LayerRule | undefined, params: Params, follow: Follow): unknown {
  const [first = "", ...rest] = path.split(".");
  const start =
    first in params ? params[first] : layer?.params?.find((param) => param.name === first)?.default;
  return rest.reduce<unknown>((held, key) => {
    const value = follow(held);
    return typeof value === "object" && value !== null ? (value as Params)[key] : undefined;
  }, start ?? null);
}

function baseName(id: string): string {
  return id.split(".")[0] ?? id;
}

function portNumber(id: string): number {
  return Number(id.split(".")[1] ?? 0);
}

function byNumber(left: string, right: string): number {
  return baseName(left).localeCompare(baseName(right)) || portNumber(left) - portNumber(right);
}
