import { describe, expect, it } from "vitest";
import { DesignDocument } from "./design";
import { copyFragment, parseFragment } from "./fragment";
import { endsOfGraph, followPath, graphInside, layerCount, nodesIn, pathTo, TOP, wiresIn } from "./graphs";
import type { JsonObject } from "./json";
import { edgeKey } from "./model";
import { groupRefusal } from "./nest";

/** `build("i:InputLayer a:Dense", "i>a")`: nodes named by their ids, wired output to input, or to a numbered port. */
function build(nodes: string, wires: string) {
  const content = { layers: {} as JsonObject, nodes: {} as JsonObject, edges: {} as JsonObject };
  for (const [index, item] of nodes.split(" ").entries()) {
    const [id = "", class_name = ""] = item.split(":");
    content.layers[`l-${id}`] = { class_name, name: id, params: {} };
    content.nodes[id] = { layer: `l-${id}`, graph: "", x: 0, y: index * 100 };
  }
  for (const item of wires.split(" ").filter(Boolean)) {
    const [source = "", end = ""] = item.split(">");
    const [target = "", target_port = "input"] = end.split(":");
    content.edges[edgeKey({ source, source_port: "output", target, target_port })] = {};
  }
  const design = DesignDocument.local(content);
  return { design, commands: design.commands, content: () => design.snapshot.content };
}

/** The wires of one graph in the names of layers: `a>b`, `a.outputs.0>b`. */
function drawn(design: DesignDocument, graph: string = TOP): string[] {
  const { content } = design.snapshot;
  const nameOf = (id: string) => content.layers[content.nodes[id]?.layer ?? ""]?.name;
  const port = (id: string) => (id === "output" || id === "input" ? "" : `.${id}`);
  return wiresIn(content, graph)
    .map((w) => `${nameOf(w.source)}${port(w.source_port)}>${nameOf(w.target)}${port(w.target_port)}`)
    .sort();
}

const onlyGraph = (design: DesignDocument) => Object.keys(design.snapshot.content.graphs)[0] as string;
const CHAIN = ["i:InputLayer a:Dense b:Dense c:Dense o:Output", "i>a a>b b>c c>o"] as const;

describe("what is inside a wrapper", () => {
  const wrapper = (params: JsonObject) => ({ class_name: "Bidirectional", name: "w", params, weights: null });
  const model = { class_name: "Model", name: "m", params: { graph: "g" }, weights: null };

  it("is the graph of the model that it holds or names, in whichever parameter", () => {
    const layers = { m: model, w: wrapper({ layer: { layer: "d" }, backward_layer: { layer: "m" } }) };
    expect(graphInside(layers.w, layers)).toBe("g");
    const held = wrapper({ layer: { class_name: "Model", config: { graph: "h" } } });
    expect(graphInside(held, {})).toBe("h");
    expect(graphInside(wrapper({ layer: { layer: "gone" } }), layers)).toBeNull();
  });

  it("is nothing where wrappers name themselves or each other", () => {
    const layers = {
      self: wrapper({ layer: { layer: "self" } }),
      a: wrapper({ layer: { layer: "b" } }),
      b: wrapper({ layer: { layer: "a" } }),
    };
    expect(Object.values(layers).map((layer) => graphInside(layer, layers))).toEqual([null, null, null]);
  });
});

describe("grouping into a model", () => {
  it("gives the crossing wires ends inside and ports outside, in one step of undo", () => {
    const { design, commands, content } = build(...CHAIN);
    const before = content();
    const shape = { tensor: () => ({ shape: [null, 8], dtype: "int32" }) };
    const [model] = commands.group(TOP, ["a", "b"], "encoder", shape);
    const graph = onlyGraph(design);
    expect(content().graphs).toEqual({ [graph]: { name: "encoder", model_class: "auto" } });
    expect(drawn(design)).toEqual(["c>o", "encoder.outputs.0>c", "i>encoder.inputs.0"]);
    expect(drawn(design, graph)).toEqual(["a>b", "b>output", "input_layer>a"]);
    const [input] = endsOfGraph(content(), graph).inputs;
    expect(content().layers[content().nodes[input as string]?.layer as string]?.params).toEqual({
      position: 0,
      shape: [8],
      dtype: "int32",
    });
    expect(layerCount(content(), graph)).toBe(2);
    expect(pathTo(content(), graph)).toEqual([model]);
    design.undo();
    expect(content()).toEqual(before);
  });

  it("takes a tensor that enters twice as one input, and one that leaves twice as one output", () => {
    const { design, commands } = build(
      "i:InputLayer a:Dense b:Dense m:Add x:Dense y:Dense",
      "i>a i>b a>m:inputs.0 b>m:inputs.1 m>x m>y",
    );
    commands.group(TOP, ["a", "b", "m"], "block");
    expect(drawn(design)).toEqual(["block.outputs.0>x", "block.outputs.0>y", "i>block.inputs.0"]);
  });

  it("ends in what nothing takes where no wire goes out, and leaves Input and Output outside", () => {
    const { design, commands } = build("i:InputLayer a:Dense b:Dense", "i>a a>b");
    commands.group(TOP, ["i", "a", "b"], "tail");
    expect(drawn(design)).toEqual(["i>tail.inputs.0"]);
    expect(drawn(design, onlyGraph(design))).toEqual(["a>b", "b>output", "input_layer>a"]);
  });

  it("is refused where a path leaves the selection and comes back, and where nothing can go in", () => {
    const { content, commands } = build(...CHAIN);
    expect(groupRefusal(content(), TOP, ["a", "c"])).toBe("loop");
    expect(groupRefusal(content(), TOP, ["i", "o"])).toBe("empty");
    expect(groupRefusal(content(), TOP, ["a", "b", "c"])).toBeNull();
    expect(commands.group(TOP, ["a", "c"], "gap")).toEqual([]);
  });

  it("goes to any depth", () => {
    const { design, commands, content } = build(...CHAIN);
    const [outer] = commands.group(TOP, ["a", "b", "c"], "outer");
    const first = onlyGraph(design);
    const [inner] = commands.group(first, ["b"], "inner");
    const second = Object.keys(content().graphs).find((id) => id !== first) as string;
    expect(pathTo(content(), second)).toEqual([outer, inner]);
    expect(
      followPath(content(), [outer as string, inner as string, "gone"]).map((step) => step.name),
    ).toEqual(["outer", "inner"]);
    expect(drawn(design, first)).toEqual([
      "a>inner.inputs.0",
      "c>output",
      "inner.outputs.0>c",
      "input_layer>a",
    ]);
  });
});

describe("unpacking", () => {
  it("undoes grouping: the same layers, the same wires, nothing left over", () => {
    const { design, commands, content } = build(...CHAIN);
    const wires = drawn(design);
    const [model] = commands.group(TOP, ["a", "b"], "encoder");
    expect(commands.unpack(model as string).sort()).toEqual(["a", "b"]);
    expect(drawn(design)).toEqual(wires);
    expect(content().graphs).toEqual({});
    expect(Object.values(content().layers).map((layer) => layer.name)).toEqual(["i", "a", "b", "c", "o"]);
  });

  it("of a model that is called twice keeps the weights of both calls shared", () => {
    const { design, commands, content } = build("i:InputLayer j:InputLayer a:Dense", "i>a");
    const [model] = commands.group(TOP, ["a"], "tower") as [string];
    const twin = commands.shareLayer(model, { x: 400, y: 0 }) as string;
    commands.connect(edgeKey({ source: "j", source_port: "output", target: twin, target_port: "inputs.0" }));
    commands.unpack(model);
    expect(drawn(design)).toEqual(["i>a", "j>a"]);
    expect(Object.values(content().layers).filter((layer) => layer.name === "a")).toHaveLength(1);
  });

  it("of a frozen model that starts from a run leaves its layers frozen, and from the run", () => {
    const { commands, content } = build("i:InputLayer a:Dense f:Flatten b:Dense", "i>a a>f f>b");
    const [model] = commands.group(TOP, ["a", "f", "b"], "trained") as [string];
    const layer = content().nodes[model]?.layer as string;
    const run = { source: "run" as const, id: "r1", layer: "" };
    commands.applyEdits([
      { op: "set", path: ["layers", layer, "params", "trainable"], value: false },
      { op: "set", path: ["layers", layer, "weights"], value: run },
    ]);
    commands.unpack(model, { hasWeights: (node) => node !== "f" });
    const found = Object.values(content().layers).map(({ name, params, weights }) => [
      name,
      params.trainable,
      weights,
    ]);
    expect(found).toEqual([
      ["i", undefined, null],
      ["a", false, run],
      ["f", undefined, null],
      ["b", false, run],
    ]);
  });

  it("of one of two models built from a graph copies it, and leaves the other whole", () => {
    const { design, commands, content } = build("i:InputLayer a:Dense", "i>a");
    const [model] = commands.group(TOP, ["a"], "tower") as [string];
    const graph = onlyGraph(design);
    commands.addLayer({ class_name: "Model", params: { graph }, name: "other", x: 0, y: 0 });
    commands.unpack(model);
    expect(drawn(design)).toEqual(["i>a"]);
    expect(drawn(design, graph)).toEqual(["a>output", "input_layer>a"]);
    expect(Object.keys(content().graphs)).toEqual([graph]);
  });

  it("joins what an Input passes straight to an Output", () => {
    const { design, commands, content } = build("i:InputLayer a:Dense", "i>a");
    const model = commands.addLayer({ class_name: "Model", name: "skip", x: 0, y: 0 }) as string;
    const graph = onlyGraph(design);
    const input = commands.addLayer({ class_name: "InputLayer", graph, x: 0, y: 0 }) as string;
    const output = commands.addLayer({ class_name: "Output", graph, x: 0, y: 0 }) as string;
    commands.connect(edgeKey({ source: input, source_port: "output", target: output, target_port: "input" }));
    const wire = (source: string, source_port: string, target: string, target_port: string) =>
      commands.connect(edgeKey({ source, source_port, target, target_port }));
    wire("i", "output", model, "inputs.0");
    wire(model, "outputs.0", "a", "input");
    commands.unpack(model);
    expect(drawn(design)).toEqual(["i>a"]);
    expect(content().graphs).toEqual({});
  });
});

describe("deleting and copying a model", () => {
  it("drops what is inside with the last layer that is built from it, and undo brings all back", () => {
    const { design, commands, content } = build(...CHAIN);
    const [model] = commands.group(TOP, ["a", "b"], "encoder") as [string];
    const grouped = content();
    const copy = commands.duplicate([model])[0] as string;
    expect(Object.keys(content().graphs)).toHaveLength(2);
    commands.deleteNodes([model]);
    expect(Object.keys(content().graphs)).toHaveLength(1);
    commands.deleteNodes([copy]);
    expect(content()).toMatchObject({ graphs: {} });
    expect(Object.values(content().layers).map((layer) => layer.name)).toEqual(["i", "c", "o"]);
    design.undo();
    design.undo();
    design.undo();
    expect(content()).toEqual(grouped);
  });

  it("keeps a layer that a wrapper names, and takes it away with the wrapper", () => {
    const { commands, content } = build("a:Dense w:TimeDistributed", "");
    commands.setParam("l-w", ["layer"], { layer: "l-a" });
    commands.deleteNodes(["a"]);
    expect(Object.keys(content().layers)).toEqual(["l-a", "l-w"]);
    commands.deleteNodes(["w"]);
    expect(content().layers).toEqual({});
  });

  it("takes the inside along to another design, into the graph that is open there", () => {
    const { commands, content } = build(...CHAIN);
    const [model] = commands.group(TOP, ["a", "b"], "encoder") as [string];
    const text = JSON.stringify(copyFragment(content(), [model]));
    const other = DesignDocument.local();
    other.commands.addLayer({ class_name: "Model", name: "shell", x: 0, y: 0 });
    const graph = onlyGraph(other);
    const pasted = other.commands.paste(parseFragment(text) as never, 0, 0, graph);
    expect(pasted).toHaveLength(1);
    const inner = Object.keys(other.snapshot.content.graphs).find((id) => id !== graph) as string;
    expect(Object.keys(nodesIn(other.snapshot.content.nodes, graph))).toEqual(pasted);
    expect(drawn(other, inner)).toEqual(["a>b", "b>output", "input_layer>a"]);
  });
});
