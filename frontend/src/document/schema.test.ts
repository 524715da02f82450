import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { edgeKey, parseEdgeKey } from "./model";
import { fromShared, readContent, removeAt, rootMap, setAt, toShared, writeContent } from "./schema";

describe("Y and JSON", () => {
  it("turn into each other: objects are maps, lists stay plain", () => {
    const doc = new Y.Doc();
    const value = { shape: [8, 8, 1], nested: { config: { seed: null, rate: 0.5 } }, on: true };
    rootMap(doc, "layers").set("a", toShared(value));
    const shared = rootMap(doc, "layers").get("a") as Y.Map<unknown>;
    expect(shared.get("shape")).toEqual([8, 8, 1]);
    expect(shared.get("nested")).toBeInstanceOf(Y.Map);
    expect(fromShared(shared)).toEqual(value);
  });

  it("set and remove by path, as the server's edits do", () => {
    const doc = new Y.Doc();
    setAt(doc, ["layers", "a", "params", "units"], 3);
    setAt(doc, ["layers", "a", "params", "initializer"], { class_name: "Zeros", config: {} });
    removeAt(doc, ["layers", "a", "params", "units"]);
    removeAt(doc, ["layers", "missing", "params", "units"]);
    expect(fromShared(rootMap(doc, "layers"))).toEqual({
      a: { params: { initializer: { class_name: "Zeros", config: {} } } },
    });
  });

  it("fills in the defaults of the schema on reading", () => {
    const doc = new Y.Doc();
    writeContent(doc, {
      nodes: { n: { layer: "l" } },
      layers: { l: { class_name: "Dense", name: "dense" } },
    });
    expect(readContent(doc)).toMatchObject({
      meta: { name: "Untitled design" },
      nodes: { n: { layer: "l", x: 0, y: 0, color: "", note: "", arguments: {} } },
      layers: { l: { class_name: "Dense", name: "dense", params: {} } },
      training: { dataset: null, fit: { epochs: 10, batch_size: 32 } },
    });
  });
});

describe("edge keys", () => {
  it("name two ends, and survive the way there and back", () => {
    const ends = { source: "a-1", source_port: "state_h", target: "B_2", target_port: "inputs.3" };
    expect(parseEdgeKey(edgeKey(ends))).toEqual({ ...ends, key: "a-1:state_h->B_2:inputs.3" });
  });

  it.each(["", "a->b", "a:output-b:input", "a b:output->c:input", "a:Output->b:input"])(
    "refuse %j",
    (key) => {
      expect(parseEdgeKey(key)).toBeNull();
    },
  );
});
