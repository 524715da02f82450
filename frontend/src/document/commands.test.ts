import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { NEW_NODE } from "./commands";
import { DesignDocument } from "./design";
import { copyFragment, parseFragment } from "./fragment";
import { edgeKey } from "./model";

function chain() {
  const design = DesignDocument.local();
  const first = design.commands.addLayer({ class_name: "InputLayer", x: 0, y: 0 }) as string;
  const second = design.commands.addLayer({
    class_name: "Conv2D",
    x: 0,
    y: 100,
    connect: [{ source: first, source_port: "output", target: NEW_NODE, target_port: "input" }],
  }) as string;
  return { design, first, second, commands: design.commands, content: () => design.snapshot.content };
}

function layerOf(design: DesignDocument, node: string) {
  const { nodes, layers } = design.snapshot.content;
  return layers[nodes[node]?.layer ?? ""];
}

/** Two browsers that hold the same document and exchange their edits on `meet`. */
function twoBrowsers() {
  const left = DesignDocument.local();
  left.commands.addLayer({ class_name: "Dense", x: 0, y: 0 });
  const right = DesignDocument.local();
  const meet = () => {
    const [ours, theirs] = [Y.encodeStateAsUpdate(left.doc), Y.encodeStateAsUpdate(right.doc)];
    Y.applyUpdate(left.doc, theirs, "network");
    Y.applyUpdate(right.doc, ours, "network");
  };
  meet();
  const layer = Object.keys(left.snapshot.content.layers)[0] as string;
  return {
    left,
    right,
    meet,
    layer,
    params: (one: DesignDocument) => one.snapshot.content.layers[layer]?.params,
  };
}

describe("names", () => {
  it("are Keras' own, numbered from the second on", () => {
    const { design, commands } = chain();
    const nodes = ["Conv2D", "MaxPooling2D", "Conv2D", "LSTM"].map((class_name) =>
      commands.addLayer({ class_name, x: 0, y: 0 }),
    );
    expect(nodes.map((node) => layerOf(design, node as string)?.name)).toEqual([
      "conv2d_1",
      "max_pooling2d",
      "conv2d_2",
      "lstm",
    ]);
  });
});

describe("wires", () => {
  it("come along with a new layer and leave with it", () => {
    const { first, second, commands, content } = chain();
    expect(Object.keys(content().edges)).toEqual([`${first}:output->${second}:input`]);
    commands.deleteNodes([second]);
    expect(content()).toMatchObject({ edges: {}, nodes: { [first]: {} } });
    expect(Object.values(content().layers).map((layer) => layer.class_name)).toEqual(["InputLayer"]);
  });

  it("replace the one that ends at the same port", () => {
    const { second, commands, content } = chain();
    const other = commands.addLayer({ class_name: "InputLayer", x: 0, y: 0 }) as string;
    const key = edgeKey({ source: other, source_port: "output", target: second, target_port: "input" });
    commands.connect(key);
    expect(Object.keys(content().edges)).toEqual([key]);
  });
});

describe("undo", () => {
  it("brings back a deleted node with its wires, its parameters and its losses", () => {
    const { design, first, second, commands, content } = chain();
    commands.setParam(content().nodes[second]?.layer as string, ["filters"], 32);
    commands.setTraining(["losses", second], { class_name: "MeanSquaredError", config: {}, weight: 1 });
    const before = content();
    commands.deleteNodes([first, second]);
    expect(content().nodes).toEqual({});
    expect(content().training.losses).toEqual({});
    design.undo();
    expect(content()).toEqual(before);
    design.redo();
    expect(content().nodes).toEqual({});
  });

  it("takes back typing in one field as one step, and another field as its own", () => {
    const { design, second, commands, content } = chain();
    const layer = content().nodes[second]?.layer as string;
    for (const filters of [1, 16, 164]) commands.setParam(layer, ["filters"], filters);
    for (const size of [3, 35]) commands.setParam(layer, ["kernel_size"], size);
    design.undo();
    expect(content().layers[layer]?.params).toEqual({ filters: 164 });
    design.undo();
    expect(content().layers[layer]?.params).toEqual({});
  });

  it("starts a new step in the same field after it lost focus", () => {
    const { design, second, commands, content } = chain();
    const layer = content().nodes[second]?.layer as string;
    commands.setParam(layer, ["filters"], 16);
    commands.endGesture();
    commands.setParam(layer, ["filters"], 32);
    design.undo();
    expect(content().layers[layer]?.params).toEqual({ filters: 16 });
  });

  it("covers moves, pastes, training and the name, each in one step", () => {
    const { design, first, second, commands, content } = chain();
    const states = [content()];
    const step = (change: () => unknown) => {
      change();
      states.push(content());
    };
    step(() => commands.moveNodes({ [first]: { x: 5, y: 6 }, [second]: { x: 7, y: 8 } }));
    step(() => commands.paste(copyFragment(content(), [first, second]), 10, 10));
    step(() => commands.duplicate([second]));
    step(() => commands.setTraining(["fit", "epochs"], 3));
    step(() => commands.setMeta(["name"], "Digits"));
    step(() => commands.applyEdits([{ op: "set", path: ["layers", "a", "params", "units"], value: 3 }]));
    while (states.length > 0) {
      expect(content()).toEqual(states.pop());
      design.undo();
    }
  });

  it("takes back only one's own edits", () => {
    const { left, right, meet, layer, params } = twoBrowsers();
    left.commands.setParam(layer, ["units"], 8);
    right.commands.setParam(layer, ["activation"], "relu");
    meet();
    expect([params(left), params(right)]).toEqual([
      { units: 8, activation: "relu" },
      { units: 8, activation: "relu" },
    ]);
    left.undo();
    meet();
    expect([params(left), params(right)]).toEqual([{ activation: "relu" }, { activation: "relu" }]);
  });
});

describe("two people", () => {
  it("change two fields of one nested object and both survive", () => {
    const { left, right, meet, layer, params } = twoBrowsers();
    left.commands.setParam(layer, ["kernel_initializer"], { class_name: "RandomNormal", config: {} });
    meet();
    left.commands.setParam(layer, ["kernel_initializer", "config", "mean"], 1);
    right.commands.setParam(layer, ["kernel_initializer", "config", "stddev"], 2);
    meet();
    const expected = { kernel_initializer: { class_name: "RandomNormal", config: { mean: 1, stddev: 2 } } };
    expect([params(left), params(right)]).toEqual([expected, expected]);
  });
});

describe("a viewer", () => {
  it("changes nothing by any command", () => {
    const { content: full } = chain();
    const design = DesignDocument.local(full() as never, false);
    const before = design.snapshot.content;
    const node = design.snapshot.nodeIds[0] as string;
    expect(design.commands.addLayer({ class_name: "Dense", x: 0, y: 0 })).toBeNull();
    design.commands.deleteNodes([node]);
    design.commands.moveNodes({ [node]: { x: 9, y: 9 } });
    design.commands.setMeta(["name"], "Mine");
    expect(design.snapshot.content).toBe(before);
  });
});

describe("the clipboard", () => {
  it("carries a fragment as text into another design, with new ids and the same shape", () => {
    const { first, second, content } = chain();
    const text = JSON.stringify(copyFragment(content(), [first, second]));
    const other = DesignDocument.local();
    const ids = other.commands.paste(parseFragment(text) as never, 10, 20);
    const { nodes, edges } = other.snapshot.content;
    expect(ids).toHaveLength(2);
    expect(ids).not.toContain(first);
    expect(Object.keys(edges)).toEqual([`${ids[0]}:output->${ids[1]}:input`]);
    expect(ids.map((id) => [nodes[id]?.x, nodes[id]?.y])).toEqual([
      [10, 20],
      [10, 120],
    ]);
  });

  it("keeps two calls of one layer sharing it", () => {
    const { second, commands, content, design } = chain();
    const twin = commands.shareLayer(second, { x: 50, y: 50 }) as string;
    const [left, right] = commands.duplicate([second, twin]);
    expect(layerOf(design, left as string)).toBe(layerOf(design, right as string));
    expect(content().nodes[left as string]?.layer).not.toBe(content().nodes[second]?.layer);
  });

  it.each([
    "",
    "hello",
    "[]",
    '{"layerloom":1}',
    '{"layerloom":2,"nodes":{}}',
    '{"layerloom":1,"nodes":{"a":1},"layers":3}',
  ])("leaves %j alone", (text) => expect(parseFragment(text)).toBeNull());
});

describe("own code", () => {
  const piece = { kind: "layers", name: "Scale", source: "class Scale: ..." } as const;

  it("is kept, changed and removed with the design, typing in one field as one step", () => {
    const { design, commands, content } = chain();
    const id = commands.addCode(piece) as string;
    for (const source of ["class Scale", "class Scale:"]) commands.setCode(id, "source", source);
    expect(content().code).toEqual({ [id]: { ...piece, source: "class Scale:" } });
    design.undo();
    expect(content().code).toEqual({ [id]: piece });
    commands.removeCode(id);
    expect(content().code).toEqual({});
  });

  it("of a piece that is gone stays gone, and a viewer writes none", () => {
    const { commands, content } = chain();
    commands.setCode("gone", "source", "x = 1");
    expect(content().code).toEqual({});
    expect(DesignDocument.local({}, false).commands.addCode(piece)).toBeNull();
  });
});
