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
      { name: "size", kind: "json", default: null, nullable: false },
      { name: "label", kind: "text", default: "a,b", nullable: false },
      { name: "on", kind: "boolean", default: true, nullable: false },
      { name: "n", kind: "integer", default: 4, nullable: false },
      { name: "x", kind: "json", default: null, nullable: true },
    ]);
  });

  it("that is a function, or is not there, has none", () => {
    expect(ownSpec("f", { kind: "activations", name: "double", source: SOURCE }).params).toEqual([]);
    expect(ownSpec("g", { kind: "layers", name: "Missing", source: "(" }).params).toEqual([]);
  });
});
