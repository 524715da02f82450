import { expect, it } from "vitest";
import type { RunSummary, WeightsFile } from "@/api/types";
import { keyOf, optionsOf, weightsOf } from "./sources";

it("names what a design starts from, and finds it again", () => {
  for (const weights of [null, { source: "run", id: "r1", layer: "" } as const]) {
    expect(weightsOf(keyOf(weights))).toEqual(weights);
  }
  expect(["", "run:", "elsewhere:1"].map(weightsOf)).toEqual([null, null, null]);
});

it("offers runs that ended well, and files by what they hold", () => {
  const run = (id: string, state: string) => ({ id, state, number: 1, name: "" }) as RunSummary;
  const file = (id: string, kind: string) => ({ id, filename: id, contents: { kind } }) as WeightsFile;
  const options = optionsOf(
    [run("a", "finished"), run("b", "running"), run("c", "stopped"), run("d", "failed")],
    [file("f", "layers"), file("v", "vectors")],
    { run: ({ id }) => id, file: ({ id }) => id },
  );
  expect(options).toEqual({
    runs: [
      { value: "run:a", label: "a" },
      { value: "run:c", label: "c" },
    ],
    files: [{ value: "upload:f", label: "f" }],
    vectors: [{ value: "upload:v", label: "v" }],
  });
});
