import { describe, expect, it } from "vitest";
import { definedNames } from "./pieceName";
import { readFaults } from "./reading";
import { TEMPLATE_NAMES, TEMPLATES } from "./templates";

describe("reading a piece", () => {
  it.each(TEMPLATE_NAMES)("finds no fault in the text for a %s", (name) => {
    const { source } = TEMPLATES[name];
    expect(readFaults(source, definedNames(source)[0] ?? "")).toEqual([]);
  });

  it("finds where Python ends", () => {
    const [fault] = readFaults("import keras\n\nclass A(keras.Layer:\n    pass\n", "A");
    expect(fault).toMatchObject({ key: "syntax", line: 3 });
  });

  it("misses the name that the design uses", () => {
    expect(readFaults("x = 1\n", "A")).toEqual([{ key: "missing", line: 1, column: 0, received: "" }]);
    expect(readFaults("import keras\n\nclass Bee(A):\n    pass\n", "A")).toEqual([
      { key: "otherName", line: 3, column: 6, received: "Bee" },
    ]);
  });

  it("ends, whatever it is given", () => {
    for (const text of ["", "(".repeat(5_000), "\u0000", "class", "def f(:\n".repeat(200)]) {
      expect(readFaults(text, "f").length).toBeLessThanOrEqual(20);
    }
  });
});
