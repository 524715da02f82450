import { beforeAll, describe, expect, it } from "vitest";
import { setCatalog } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { type Code, DesignDocument } from "@/document";
import { countUses, renameEdits } from "./uses";

beforeAll(() => void setCatalog(loadCatalog()));

const step: Code = { kind: "activations", name: "same", source: "def same(x):\n    return x\n" };

function designWith(piece: Code) {
  const design = DesignDocument.local();
  const id = design.commands.addCode(piece) as string;
  const add = (class_name: string, params = {}) =>
    design.commands.addLayer({ class_name, params, x: 0, y: 0 });
  return { design, id, add, content: () => design.snapshot.content };
}

describe("the uses of own code", () => {
  it("are found in parameters of its kind only, inside wrappers too", () => {
    const { add, content } = designWith(step);
    add("Conv2D", { padding: "same", activation: "same" });
    add("TimeDistributed", { layer: { class_name: "Dense", config: { units: 2, activation: "same" } } });
    expect(countUses(content(), step)).toBe(2);
  });

  it("are renamed with it, as one step of undo", () => {
    const piece: Code = {
      kind: "layers",
      name: "Scale",
      source: "class Scale(Layer):\n    x = Scale.y, ScaleTwo\n",
    };
    const { design, id, add, content } = designWith(piece);
    add("Scale", { initial: 2 });
    add("TimeDistributed", { layer: { class_name: "Scale", config: { initial: 3 } } });
    const before = content();
    design.commands.applyEdits(renameEdits(before, id, "Stretch"));
    expect(content().code[id]).toEqual({
      ...piece,
      name: "Stretch",
      source: "class Stretch(Layer):\n    x = Stretch.y, ScaleTwo\n",
    });
    expect(Object.values(content().layers).map(({ class_name, params }) => [class_name, params])).toEqual([
      ["Stretch", { initial: 2 }],
      ["TimeDistributed", { layer: { class_name: "Stretch", config: { initial: 3 } } }],
    ]);
    design.undo();
    expect(content()).toEqual(before);
  });

  it("are found in the training settings", () => {
    const { design, content } = designWith(step);
    const { commands } = design;
    commands.setTraining(["losses", "out"], { class_name: "Mine", config: {}, weight: 1 });
    commands.setTraining(["metrics", "out", "a"], {
      class_name: "Mine",
      config: {},
      weighted: false,
      position: 0,
    });
    const loss: Code = { kind: "losses", name: "Mine", source: "" };
    expect([countUses(content(), loss), countUses(content(), { ...loss, kind: "metrics" })]).toEqual([1, 1]);
    expect(countUses(content(), { ...loss, kind: "callbacks" })).toBe(0);
  });
});
