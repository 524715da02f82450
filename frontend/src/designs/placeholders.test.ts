import { beforeAll, expect, it } from "vitest";
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

it.each([
  ["mine>Scale Layer", "ScaleLayer"],
  ["package.module.Scale", "Scale"],
  ["3D", "OwnLayer"],
  ["", "OwnLayer"],
])("is called in Python, from %j, %s", (class_name, name) => {
  const { design, id } = imported(class_name);
  expect(wantedClass(design.snapshot.content, id)).toBe(name);
});
