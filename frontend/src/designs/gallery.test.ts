import { describe, expect, it } from "vitest";
import type { Template } from "@/api/types";
import { byGroup, NO_FILTER, passing, sizeOf } from "./gallery";

function template(name: string, change: Partial<Template> = {}): Template {
  return {
    name,
    title: name,
    summary: "",
    category: "images",
    parameters: 10,
    dataset: null,
    data: "any",
    reference: { text: "", url: "" },
    thumbnail: { nodes: [], edges: [] },
    ...change,
  };
}

const RESNET = template("ResNet50", {
  category: "classics",
  parameters: 25_636_712,
  reference: { text: "He et al. 2015, Deep residual learning", url: "https://arxiv.org/abs/1512.03385" },
});
const DIGITS = template("Digits", { dataset: "digits", summary: "A small network for pictures." });
const VGG = template("VGG16", { category: "classics", parameters: 138_357_544 });
const ALL = [RESNET, DIGITS, VGG];

describe("the gallery", () => {
  it.each([
    [{}, ["ResNet50", "Digits", "VGG16"]],
    [{ query: "residual he" }, ["ResNet50"]],
    [{ query: "residual nowhere" }, []],
    [{ query: " PICTURES " }, ["Digits"]],
    [{ group: "classics" }, ["ResNet50", "VGG16"]],
    [{ group: "classics", size: "large" as const }, ["VGG16"]],
    [{ trainable: true }, ["Digits"]],
  ])("with %j shows %j", (change, names) => {
    expect(passing(ALL, { ...NO_FILTER, ...change }).map(({ name }) => name)).toEqual(names);
  });

  it("groups in the order of the list", () => {
    expect(byGroup(ALL).map(([group, list]) => [group, list.length])).toEqual([
      ["classics", 2],
      ["images", 1],
    ]);
  });

  it("knows sizes", () => {
    expect([1_000_000, 1_000_001, 30_000_001].map(sizeOf)).toEqual(["small", "medium", "large"]);
  });
});
