import { expect, it } from "vitest";
import type { Port } from "@/graph/ports";
import { cardSize, namePlaces } from "./card";

function ports(...labels: string[]): Port[] {
  return labels.map((label) => ({
    id: label,
    name: label,
    label,
    optional: false,
    variadic: false,
    wired: false,
    stale: false,
  }));
}

function rowsOf(list: Port[]) {
  return namePlaces(list).map(({ row }) => row);
}

it("writes the names of ports in one row, or in two in turns where they would run into each other", () => {
  expect(rowsOf(ports("input"))).toEqual([]);
  expect(rowsOf(ports("input", "initial_state.0", "mask"))).toEqual([0, 0, 0]);
  const attention = ports("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask");
  expect(rowsOf(attention)).toEqual([0, 1, 0, 1, 0, 1, 0]);
  const heights = [ports("input"), ports("input", "initial_state.0", "mask"), attention].map(
    (inputs) => cardSize({ inputs, outputs: [] }).height,
  );
  expect(heights).toEqual([58, 72, 86]);
});
