import { Text } from "@codemirror/state";
import { expect, it } from "vitest";
import type { Fault } from "@/api/code";
import { diagnosticsOf } from "./diagnostics";

const doc = Text.of(["import keras", "x = keras.layers.Dense()", ""]);
const words = { expected: "Expected:", received: "Received:" };

function fault(line: number, column: number): Fault {
  return {
    severity: "error",
    line,
    column,
    message: "No units.",
    expected: "units",
    received: "",
    hint: "Add units=8.",
  };
}

it("marks the word at the place", () => {
  const [found] = diagnosticsOf(doc, [fault(2, 17)], words);
  expect(doc.sliceString(found?.from ?? 0, found?.to)).toBe("Dense");
  const told = found?.renderMessage?.(null as never);
  expect(told?.textContent).toBe("No units.Expected: unitsAdd units=8.");
});

it("marks the whole line where no place in it is known", () => {
  const [found] = diagnosticsOf(Text.of(["def f():", "    x = ("]), [fault(2, -1)], words);
  expect([found?.from, found?.to]).toEqual([13, 18]);
});

it.each([
  [0, 0],
  [99, 99],
  [2, 99],
  [-3, -1],
])("stays inside the text for line %i, column %i", (line, column) => {
  const [found] = diagnosticsOf(doc, [fault(line, column)], words);
  expect(found?.from).toBeGreaterThanOrEqual(0);
  expect(found?.to).toBeLessThanOrEqual(doc.length);
  expect(found?.from).toBeLessThanOrEqual(found?.to ?? -1);
});
