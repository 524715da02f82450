import { beforeAll, describe, expect, it } from "vitest";
import { setCatalog } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument } from "@/document";
import { mapEdits, placeholdersOf, wantedClass } from "./placeholders";

beforeAll(() => void setCatalog(loadCatalog()));

function imported(class_name: string) {
  const design = DesignDocument.local();
  const config = { name: "scale", trainable: true, units: 3, factor: 2 };
  design.commands.addLayer({
    class_name: "Placeholder",
    name: "scale",
    params: { class_name, config },
    x: 0,
    y: 0,
  });
  const [id] = placeholdersOf(design.snapshot.content).values();
  return { design, id: id as string };
}

it("becomes a layer of the catalog with the parameters that it has", () => {
  const { design, id } = imported("Scale");
  design.commands.applyEdits(mapEdits(design.snapshot.content, id, "Dense"));
  expect(design.snapshot.content.layers[id]).toMatchObject({
    class_name: "Dense",
    name: "scale",
    params: { units: 3, trainable: true },
  });
  expect(placeholdersOf(design.snapshot.content).size).toBe(0);
});

it("becomes a class that is not known yet with all of its parameters", () => {
  const { design, id } = imported("Scale");
  design.commands.applyEdits(mapEdits(design.snapshot.content, id, "Mine"));
  expect(design.snapshot.content.layers[id]?.params).toEqual({ units: 3, factor: 2 });
});

it("takes what a script gave without names in the order of the class", () => {
  const design = DesignDocument.local();
  const params = { class_name: "Mine", config: { arguments: [3, "relu"], use_bias: false } };
  design.commands.addLayer({ class_name: "Placeholder", name: "mine", params, x: 0, y: 0 });
  const [id] = placeholdersOf(design.snapshot.content).values();
  const [, dense] = mapEdits(design.snapshot.content, id as string, "Dense");
  expect(dense).toMatchObject({ value: { units: 3, activation: "relu", use_bias: false } });
  const [, own] = mapEdits(design.snapshot.content, id as string, "Mine");
  expect(own).toMatchObject({ value: { use_bias: false } });
});

describe("the wires of a placeholder", () => {
  function wired(...edges: string[]) {
    const design = DesignDocument.local();
    const add = (class_name: string, params = {}) =>
      design.commands.addLayer({ class_name, params, x: 0, y: 0 }) as string;
    const ids = {
      a: add("Input"),
      b: add("Input"),
      p: add("Placeholder", { class_name: "Mine" }),
      y: add("Output"),
    };
    const key = (edge: string) => edge.replace(/\b[abpy]:/g, (name) => `${ids[name[0] as "a"]}:`);
    design.commands.applyEdits(edges.map((edge) => ({ op: "set", path: ["edges", key(edge)], value: {} })));
    const layer = design.snapshot.content.nodes[ids.p]?.layer as string;
    return {
      mapped: (className: string) => {
        const before = design.snapshot.content;
        design.commands.applyEdits(mapEdits(before, layer, className));
        const after = Object.keys(design.snapshot.content.edges).sort();
        design.undo();
        expect(design.snapshot.content).toEqual(before);
        return after;
      },
      keys: (...expected: string[]) => expected.map(key).sort(),
    };
  }

  it("go to the ports of the class in order", () => {
    const { mapped, keys } = wired("a:output->p:inputs.1", "b:output->p:inputs.0", "p:output->y:input");
    expect(mapped("Attention")).toEqual(keys("b:output->p:query", "a:output->p:value", "p:output->y:input"));
    expect(mapped("Concatenate")).toEqual(
      keys("a:output->p:inputs.1", "b:output->p:inputs.0", "p:output->y:input"),
    );
    expect(mapped("LSTM")).toEqual(
      keys("b:output->p:input", "a:output->p:initial_state.0", "p:output->y:input"),
    );
  });

  it("may take the key that another one leaves", () => {
    const { mapped, keys } = wired("a:output->p:first", "a:output->p:query");
    expect(mapped("Attention")).toEqual(keys("a:output->p:query", "a:output->p:value"));
  });

  it("of arguments by name come after those by position", () => {
    const { mapped, keys } = wired("a:output->p:in_more", "b:output->p:input", "b:output->p:inputs_1");
    expect(mapped("Attention")).toEqual(keys("b:output->p:query", "b:output->p:value", "a:output->p:key"));
  });

  it("stay where the class has too few ports", () => {
    const { mapped, keys } = wired("a:output->p:input", "b:output->p:inputs_1", "p:output_1->y:input");
    expect(mapped("Mine")).toEqual(keys("a:output->p:input", "b:output->p:inputs_1", "p:output_1->y:input"));
  });

  it("come from the output of the same number", () => {
    const { mapped, keys } = wired("p:output_2->y:input");
    expect(mapped("ops.svd")).toEqual(keys("p:v->y:input"));
    expect(mapped("ops.split")).toEqual(keys("p:outputs.2->y:input"));
  });
});

it.each([
  ["mine>Scale Layer", "ScaleLayer"],
  ["package.module.Scale", "Scale"],
  ["3D", "OwnLayer"],
  ["", "OwnLayer"],
])("is called in Python, from %j, %s", (class_name, name) => {
  const { design, id } = imported(class_name);
  expect(wantedClass(design.snapshot.content, id)).toBe(name);
});
