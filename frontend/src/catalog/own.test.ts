import { afterEach, describe, expect, it, vi } from "vitest";
import { specsOf } from "./own";
import { layerSpec, objectSpec, objectsOf, setOwnSpecs, subscribeToSpecs } from "./store";
import { getObject, loadCatalog } from "./testing";
import type { ObjectSpec } from "./types";

const catalog = loadCatalog();
const scale: ObjectSpec = {
  name: "Scale",
  kind: "layers",
  qualified_name: "Scale",
  category: "own",
  code: "c1",
  params: [{ name: "factor", kind: "number", default: 1 }],
  inputs: [{ name: "input" }],
  outputs: [{ name: "output" }],
};
const rnn: ObjectSpec = { ...getObject(catalog, "layers", "RNN"), outputs: [{ name: "states" }] };
const code = { c1: { kind: "layers", name: "Scale" } } as const;

afterEach(() => setOwnSpecs([]));

describe("what own code adds to the catalog", () => {
  it("is what the server read", () => {
    expect(specsOf(code, [rnn, scale], [])).toEqual([rnn, scale]);
  });

  it("stays as it was while its text cannot be read, under its present name", () => {
    const renamed = { c1: { kind: "layers", name: "Stretch" } } as const;
    expect(specsOf(renamed, [], [rnn, scale])).toEqual([{ ...scale, name: "Stretch" }]);
    expect(specsOf(code, null, [rnn, scale])).toEqual([rnn, scale]);
  });

  it("takes and gives one tensor as long as nothing is known of it", () => {
    const pieces = { c1: code.c1, c2: { kind: "losses", name: "Far" } } as const;
    const { params: _, ...plain } = scale;
    expect(specsOf(pieces, null, [])).toEqual([
      plain,
      { name: "Far", kind: "losses", qualified_name: "Far", category: "own", code: "c2" },
    ]);
  });

  it("goes with its piece, and is not that of another kind", () => {
    expect(specsOf({}, null, [scale])).toEqual([]);
    const loss = { c1: { kind: "losses", name: "Scale" } } as const;
    expect(specsOf(loss, null, [scale])).toMatchObject([{ kind: "losses", name: "Scale" }]);
  });

  it("joins the catalog, stands in place of a spec of it, and tells who draws it", () => {
    const told = vi.fn();
    const stop = subscribeToSpecs(told);
    const layers = objectsOf("layers").length;
    setOwnSpecs([rnn, scale]);
    expect([layerSpec("Scale"), objectSpec("layers", "RNN"), layerSpec("RNN")]).toEqual([scale, rnn, rnn]);
    expect(
      objectsOf("layers")
        .slice(layers - 1)
        .map((spec) => spec.name)
        .at(-1),
    ).toBe("Scale");
    expect(objectsOf("layers").filter((spec) => spec.name === "RNN")).toEqual([rnn]);
    setOwnSpecs([rnn, scale]);
    expect(told).toHaveBeenCalledTimes(1);
    setOwnSpecs([]);
    expect(told).toHaveBeenCalledTimes(2);
    expect(layerSpec("RNN")).toBe(catalog.objects.layers?.RNN);
    stop();
  });
});
