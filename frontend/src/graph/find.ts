/** What a search looks at in a node. */
export interface Findable {
  id: string;
  graph: string;
  name: string;
  className: string;
  /** The class as people call it. */
  title: string;
  note: string;
  trainable: boolean;
  params: number | undefined;
  flops: number | undefined;
  severity: "error" | "warning" | "info" | null;
  /** It calls a layer that other nodes call too. */
  shared: boolean;
  /** Its class is not in the catalog. */
  placeholder: boolean;
  /** What a parameter is set to, or its default. */
  valueOf: (param: string) => unknown;
}

type Test = (node: Findable) => boolean;

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12 };
const NUMBER = /^(params|flops)(>=|<=|>|<|=|:)([\d._]+)([kmgbt]?)$/i;
const IS: Readonly<Record<string, Test>> = {
  invalid: (node) => node.severity === "error",
  warning: (node) => node.severity === "warning",
  shared: (node) => node.shared,
  placeholder: (node) => node.placeholder,
  frozen: (node) => !node.trainable,
  nested: (node) => node.className === "Model",
  operation: (node) => node.className.startsWith("ops."),
};

/** The words that a search understands besides free text. */
export const FIND_EXAMPLES = [
  "type:Conv2D",
  "params>1M",
  "activation:relu",
  "trainable:false",
  "is:invalid",
] as const;

/**
 * The ids of the nodes that a query finds, in the order given: words are combined, and `-` before one means all others.
 * `type:Conv2D`, `name:block1`, `params>1M`, `flops<2.5G`, `trainable:false`, `is:invalid`, `activation:relu` and any
 * other parameter; any other word is looked for in names, classes and notes. Nothing is found by an empty query.
 */
export function findNodes(query: string, nodes: readonly Findable[]): string[] {
  const tests = query.trim().split(/\s+/).filter(Boolean).map(testOf);
  if (tests.length === 0) return [];
  return nodes.filter((node) => tests.every((test) => test(node))).map((node) => node.id);
}

function testOf(word: string): Test {
  if (word.length > 1 && word.startsWith("-")) {
    const test = testOf(word.slice(1));
    return (node) => !test(node);
  }
  const number = NUMBER.exec(word);
  if (number)
    return numberTest(
      number[1]?.toLowerCase() as "params" | "flops",
      number[2] ?? "=",
      number[3] ?? "",
      number[4] ?? "",
    );
  const [key = "", ...rest] = word.split(":");
  const value = rest.join(":").toLowerCase();
  if (value) {
    switch (key.toLowerCase()) {
      case "type":
        return ({ className, title }) => glob(value, className) || glob(value, title);
      case "name":
        return ({ name }) => name.toLowerCase().includes(value);
      case "trainable":
        return ({ trainable }) => trainable === (value !== "false");
      case "is": {
        const test = IS[value];
        if (test) return test;
      }
    }
    return (node) => textTest(node, word) || hasValue(node.valueOf(key), value);
  }
  return (node) => textTest(node, word);
}

function textTest(node: Findable, word: string): boolean {
  const text = word.toLowerCase();
  return [node.name, node.className, node.title, node.note].some((each) => each.toLowerCase().includes(text));
}

function hasValue(value: unknown, pattern: string): boolean {
  return value !== undefined && value !== null && glob(pattern, valueText(value));
}

/** A value as one writes it in a search: `relu`, `3x3`, the class of an object. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join("x");
  if (typeof value === "object" && value) return "class_name" in value ? String(value.class_name) : "";
  return String(value);
}

/** The whole class, in any case, where `*` stands for anything: `Conv*`. */
function glob(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[^a-z0-9_.]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(text);
}

function numberTest(key: "params" | "flops", sign: string, digits: string, unit: string): Test {
  const wanted = Number(digits.replaceAll("_", "")) * (UNITS[unit.toLowerCase()] ?? 1);
  const compare: Record<string, (value: number) => boolean> = {
    ">": (value) => value > wanted,
    "<": (value) => value < wanted,
    ">=": (value) => value >= wanted,
    "<=": (value) => value <= wanted,
  };
  const holds = compare[sign] ?? ((value: number) => value === wanted);
  return (node) => {
    const value = node[key];
    return value !== undefined && holds(value);
  };
}
