import { describe, expect, it } from "vitest";
import { groupByCategory, layerSpec, objectSpec, objectsOf, searchCatalog } from ".";
import { loadCatalog } from "./testing";

loadCatalog();

const names = (query: string, kind: Parameters<typeof searchCatalog>[1] = "layers") =>
  searchCatalog(query, kind).map((spec) => spec.name);

describe("the search of the catalog", () => {
  it("finds every layer first by its own name, in any case", () => {
    const missed = objectsOf("layers").filter(
      (spec) => names(spec.name)[0] !== spec.name || names(spec.name.toLowerCase())[0] !== spec.name,
    );
    expect(missed.map((spec) => spec.name)).toEqual([]);
  });

  it("finds every layer by each of its aliases and purposes", () => {
    const missed = objectsOf("layers").flatMap((spec) =>
      [...(spec.aliases ?? []), ...(spec.purposes ?? [])].filter((word) => !names(word).includes(spec.name)),
    );
    expect(missed).toEqual([]);
  });

  it.each([
    ["conv", "Conv1D"],
    ["conv 2d", "Conv2D"],
    ["maxpool", "MaxPooling1D"],
    ["fully connected", "Dense"],
    ["mha", "MultiHeadAttention"],
    ["droput", "Dropout"],
    ["dnese", "Dense"],
    ["embeding", "Embedding"],
    ["batchnormalisation", "BatchNormalization"],
  ])("answers %s with %s first", (query, first) => {
    expect(names(query)[0]).toBe(first);
  });

  it("ranks a name above an alias and an alias above a mention", () => {
    const found = names("flatten");
    expect(found[0]).toBe("Flatten");
  });

  it("finds nothing for words that mean nothing", () => {
    expect(names("qqqxyz")).toEqual([]);
  });

  it("returns everything for an empty query", () => {
    expect(names("  ")).toEqual(objectsOf("layers").map((spec) => spec.name));
    expect(names("", "optimizers")).toContain("Adam");
  });
});

describe("look-ups", () => {
  it("find an object in the spelling of Keras' own strings", () => {
    expect(objectSpec("initializers", "glorot_uniform")?.name).toBe("GlorotUniform");
    expect(objectSpec("metrics", "Accuracy")?.name).toBe("Accuracy");
    expect(objectSpec("layers", "Nonsense")).toBeUndefined();
    expect(layerSpec("glorot_uniform")).toBeUndefined();
  });

  it("put every layer into exactly one category", () => {
    const grouped = groupByCategory(objectsOf("layers")).flatMap((group) => group.objects);
    expect(grouped.map((spec) => spec.name).sort()).toEqual(
      objectsOf("layers")
        .map((spec) => spec.name)
        .sort(),
    );
  });
});
