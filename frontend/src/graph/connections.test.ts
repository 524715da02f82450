import { describe, expect, it } from "vitest";
import {
  bestInput,
  canConnect,
  type Ends,
  type Graph,
  type GraphNode,
  portsOf,
  reaches,
  refusalsFor,
  topologicalOrder,
} from "./connections";
import { inputPorts, outputPorts } from "./ports";

const RULES = {
  input: { outputs: [{ name: "output" }], marker: "input" as const },
  dense: { inputs: [{ name: "input" }], outputs: [{ name: "output" }] },
  add: { inputs: [{ name: "inputs", variadic: true }], outputs: [{ name: "output" }] },
  attention: {
    inputs: [{ name: "query" }, { name: "value" }, { name: "key", optional: true }],
    outputs: [{ name: "output" }],
  },
  lstm: {
    inputs: [{ name: "input" }, { name: "initial_state", variadic: true, optional: true }],
    outputs: [{ name: "output" }, { name: "state_h", when: { return_state: true } }],
    params: [{ name: "return_state", default: false }],
  },
  output: { inputs: [{ name: "input" }], outputs: null, marker: "output" as const },
};

type Kind = keyof typeof RULES;

function ends(text: string): Ends {
  const [source = "", source_port = "", target = "", target_port = ""] = text.split(/[:>]/);
  return { source, source_port, target, target_port };
}

/** `graph({ a: "input", b: "dense" }, "a:output>b:input")` */
function graph(kinds: Record<string, Kind>, ...wires: string[]): Graph {
  const nodes = Object.entries(kinds).map(([id, kind]): [string, GraphNode] => [
    id,
    { rule: RULES[kind], params: {} },
  ]);
  return { nodes: new Map(nodes), wires: wires.map(ends) };
}

const CHAIN = graph(
  { i: "input", a: "dense", b: "dense", o: "output" },
  "i:output>a:input",
  "a:output>b:input",
);

describe("ports", () => {
  it("follow the parameters: state outputs exist only with return_state, given or by default", () => {
    const ids = (params: object) => outputPorts(RULES.lstm, { ...params }, []).map((port) => port.id);
    expect(ids({})).toEqual(["output"]);
    expect(ids({ return_state: true })).toEqual(["output", "state_h"]);
    const on = { ...RULES.lstm, params: [{ name: "return_state", default: true }] };
    expect(outputPorts(on, {}, []).map((port) => port.id)).toEqual(["output", "state_h"]);
  });

  it("read nested paths and lists of allowed values", () => {
    const rule = { outputs: [{ name: "state", when: { "layer.class_name": ["LSTM", "GRU"] } }] };
    const count = (class_name: string) => outputPorts(rule, { layer: { class_name, config: {} } }, []).length;
    expect([count("GRU"), count("Dense")]).toEqual([1, 0]);
  });

  it("number a variadic port, keep its gaps, and offer one spare after the last", () => {
    const ids = (...used: string[]) => inputPorts(RULES.add, {}, used).map((port) => port.id);
    expect(ids()).toEqual(["inputs.0"]);
    expect(ids("inputs.0", "inputs.10", "inputs.2")).toEqual([
      "inputs.0",
      "inputs.2",
      "inputs.10",
      "inputs.11",
    ]);
  });

  it("tell at which of them a wire is", () => {
    const ports = inputPorts(RULES.attention, {}, ["query", "key"]);
    expect(ports.map(({ id, optional, wired }) => [id, optional, wired])).toEqual([
      ["query", false, true],
      ["value", false, false],
      ["key", true, true],
    ]);
  });

  it("keep a wired port that the parameters took away, marked as stale", () => {
    expect(outputPorts(RULES.lstm, {}, ["state_h"])).toMatchObject([
      { id: "output", stale: false },
      { id: "state_h", stale: true },
    ]);
  });

  it("of an unknown class are one in, one out", () => {
    expect(inputPorts(undefined, {}, []).map((port) => port.id)).toEqual(["input"]);
    expect(outputPorts(undefined, {}, []).map((port) => port.id)).toEqual(["output"]);
  });
});

describe("a wire", () => {
  it.each([
    ["b:output>o:input", null],
    ["i:output>b:input", null],
    ["a:output>a:input", "self"],
    ["b:output>a:input", "cycle"],
    ["a:output>b:input", "duplicate"],
    ["a:output>i:input", "no_input"],
    ["o:output>a:input", "no_output"],
    ["b:state_h>o:input", "missing"],
    ["b:output>nobody:input", "missing"],
  ])("%s is answered with %s", (wire, answer) => {
    expect(canConnect(CHAIN, ends(wire))).toBe(answer);
  });

  it("can end at any node that it does not close a loop with, and each other node says why not", () => {
    expect([...refusalsFor(CHAIN, "a", "source")]).toEqual([
      ["i", "no_input"],
      ["a", "self"],
      ["b", null],
      ["o", null],
    ]);
    expect([...refusalsFor(CHAIN, "a", "target")]).toEqual([
      ["i", null],
      ["a", "self"],
      ["b", "cycle"],
      ["o", "no_output"],
    ]);
  });

  it("agrees with the search for loops in every small graph", () => {
    const names = ["a", "b", "c", "d"];
    const pairs = names.flatMap((x) => names.filter((y) => y !== x).map((y) => `${x}:output>${y}:inputs.0`));
    for (let bits = 0; bits < 2 ** pairs.length; bits += 7) {
      const wires = pairs.filter((_, index) => (bits >> index) & 1);
      const all = graph({ a: "add", b: "add", c: "add", d: "add" }, ...wires);
      for (const [id, refusal] of refusalsFor(all, "a", "source")) {
        if (id !== "a") expect(refusal === "cycle").toBe(reaches(all.wires, id, "a"));
      }
    }
  });
});

describe("the best input", () => {
  it("is the first free one that is needed, the spare of a merge, or the taken one to replace", () => {
    const g = graph(
      { i: "input", m: "add", q: "attention", l: "lstm" },
      "i:output>m:inputs.0",
      "i:output>q:query",
      "i:output>l:input",
    );
    expect([bestInput(g, "m")?.id, bestInput(g, "q")?.id, bestInput(g, "l")?.id]).toEqual([
      "inputs.1",
      "value",
      "input",
    ]);
    expect(bestInput(g, "i")).toBeUndefined();
  });
});

describe("building order", () => {
  it("puts every node after its sources, and those of a loop last", () => {
    const g = graph(
      { c: "dense", b: "dense", a: "input", x: "add", y: "add" },
      "a:output>b:input",
      "b:output>c:input",
      "x:output>y:inputs.0",
      "y:output>x:inputs.0",
    );
    expect(topologicalOrder(g)).toEqual(["a", "b", "c", "x", "y"]);
    expect(portsOf(g, "y").inputs.map((port) => port.id)).toEqual(["inputs.0", "inputs.1"]);
  });
});
