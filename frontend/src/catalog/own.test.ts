import { describe, expect, it } from "vitest";
import { ownSpec } from "./own";

const SOURCE = `import keras

class Other(keras.layers.Layer):
    def __init__(self, wrong=1):
        pass

class Scale(keras.layers.Layer):
    """Multiplies.

    At length."""

    def __init__(self, units, factor: float = 1, size=(2, 3), label="a,b", on=True, *, n: int = 4, x=None, **kwargs):
        super().__init__(**kwargs)

def double(x):
    return 2 * x
`;

describe("own code", () => {
  it("has the parameters of its signature, each with the kind of its default", () => {
    const spec = ownSpec("c1", { kind: "layers", name: "Scale", source: SOURCE });
    expect(spec).toMatchObject({ code: "c1", category: "own", summary: "Multiplies." });
    expect(spec.params).toEqual([
      { name: "units", kind: "json", required: true },
      { name: "factor", kind: "number", default: 1, nullable: false },
      { name: "size", kind: "numbers", default: [2, 3], nullable: false },
      { name: "label", kind: "text", default: "a,b", nullable: false },
      { name: "on", kind: "boolean", default: true, nullable: false },
      { name: "n", kind: "integer", default: 4, nullable: false },
      { name: "x", kind: "json", default: null, nullable: true },
    ]);
  });

  it.each([
    ["x=1.0", "number", 1],
    ["x=-2.", "number", -2],
    ["x=1e3", "number", 1000],
    ["x=0.5", "number", 0.5],
    ["x=1_000", "integer", 1000],
    ["x: float = 1", "number", 1],
    ["x: int = 1", "integer", 1],
    ["x: int | None = None", "integer", null],
    ["x: Optional[float] = None", "number", null],
    ["x: 'str' = None", "text", null],
    ["x: float = True", "number", true],
  ])("reads the kind of %s", (argument, kind, value) => {
    const source = `class A(Layer):\n    def __init__(self, ${argument}):\n        pass\n`;
    expect(ownSpec("c", { kind: "layers", name: "A", source }).params).toEqual([
      { name: "x", kind, default: value, nullable: value === null },
    ]);
  });

  it("may be None where the annotation says so", () => {
    const source =
      "class A(Layer):\n    def __init__(self, x: int | None, y: Optional[float] = 2):\n        pass\n";
    expect(ownSpec("c", { kind: "layers", name: "A", source }).params).toEqual([
      { name: "x", kind: "integer", required: true, nullable: true },
      { name: "y", kind: "number", default: 2, nullable: true },
    ]);
  });

  it("that is a function, or is not there, has none", () => {
    expect(ownSpec("f", { kind: "activations", name: "double", source: SOURCE }).params).toEqual([]);
    expect(ownSpec("g", { kind: "layers", name: "Missing", source: "(" }).params).toEqual([]);
  });
});
