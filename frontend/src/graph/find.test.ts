import { describe, expect, it } from "vitest";
import { type Findable, findNodes } from "./find";

const node = (id: string, change: Partial<Findable>): Findable => ({
  id,
  graph: "",
  name: id,
  className: "Dense",
  title: "Dense",
  note: "",
  trainable: true,
  params: 0,
  flops: undefined,
  severity: null,
  shared: false,
  placeholder: false,
  valueOf: () => undefined,
  ...change,
});

const NODES = [
  node("a", { className: "InputLayer", title: "Input", name: "image" }),
  node("b", { className: "Conv2D", title: "Conv2D", name: "stem_conv", params: 1_500_000, flops: 3e9 }),
  node("c", { className: "Conv2DTranspose", title: "Conv2DTranspose", params: 900, severity: "error" }),
  node("d", { params: 1_000_000, trainable: false, note: "the Stem of it" }),
  node("f", {
    params: undefined,
    valueOf: (param) =>
      ({ kernel_size: [3, 3], units: 64, kernel_regularizer: { class_name: "L2", config: {} } })[param],
  }),
  node("e", { className: "ops.mean", title: "mean", graph: "g", shared: true, params: undefined }),
];

describe("the search in a design", () => {
  it.each([
    ["", ""],
    ["type:Conv2D", "b"],
    ["type:conv*", "b c"],
    ["type:input", "a"],
    ["type:mean", "e"],
    ["name:stem", "b"],
    ["stem", "b d"],
    ["params>1M", "b"],
    ["params>=1M", "b d"],
    ["params<1k", "a c"],
    ["flops>2.5G", "b"],
    ["trainable:false", "d"],
    ["trainable:true type:Conv*", "b c"],
    ["is:invalid", "c"],
    ["is:shared", "e"],
    ["-type:conv* params>0", "d"],
    ["is:nonsense", ""],
    ["units:64", "f"],
    ["kernel_size:*", "f"],
    ["kernel_size:3x3 kernel_regularizer:l2", "f"],
    ["nonsense:64", ""],
    ["type:(", ""],
    ["nothing at all", ""],
  ])("%j finds %j", (query, found) => expect(findNodes(query, NODES).join(" ")).toBe(found));
});
