import { expect, it } from "vitest";
import { definedNames, freeSource, isPythonName } from "./pieceName";
import { TEMPLATE_NAMES, TEMPLATES } from "./templates";

it("finds what a text defines at its top", () => {
  const source = "import keras\n\nclass A(B):\n    def call(self): ...\n\ndef f(x): return x\n";
  expect(definedNames(source)).toEqual(["A", "f"]);
});

it("gives a second piece another name, in its text too", () => {
  expect(freeSource("class A(B):\n    x = A.y\n", new Set(["A", "A2"]))).toEqual({
    name: "A3",
    source: "class A3(B):\n    x = A3.y\n",
  });
});

it.each(TEMPLATE_NAMES)("the text for a %s defines one thing", (name) => {
  expect(definedNames(TEMPLATES[name].source)).toHaveLength(1);
  expect(freeSource(TEMPLATES[name].source, new Set()).source).toBe(TEMPLATES[name].source);
});

it("knows what Python takes as a name", () => {
  expect(["Scale", "_a1", "2a", "a-b", "", "a b", "é"].map(isPythonName)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});
