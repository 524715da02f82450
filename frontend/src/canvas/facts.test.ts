import { describe, expect, it } from "vitest";
import type { Analysis, Problem } from "@/api/types";
import { FactIndex } from "./facts";

const problem = (change: Partial<Problem>): Problem => ({
  node: "a",
  severity: "error",
  code: "fault",
  message: "m",
  port: "",
  param: "",
  upstream: "",
  expected: "",
  received: "",
  hint: "",
  fix: null,
  ...change,
});

const analysis = (problems: Problem[]): Analysis => ({
  nodes: [],
  total_params: 0,
  trainable_params: 0,
  problems,
  costs: { flops: 0, activation_bytes: 0, training_bytes: 0, weights_bytes: 0 },
  learned: {},
  weights: {},
});

describe("the facts of a node", () => {
  it("gather its problems: the worst, what each says, and the ports at which an error is", () => {
    const index = new FactIndex();
    index.update(
      analysis([
        problem({ severity: "info", message: "first", port: "mask" }),
        problem({ message: "second", port: "input" }),
        problem({ severity: "warning", message: "third" }),
        problem({ node: "", message: "of the design" }),
      ]),
    );
    expect(index.of("a")).toEqual({
      analysis: undefined,
      severity: "error",
      messages: ["first", "second", "third"],
      faultyPorts: ["input"],
    });
    expect(index.of("b").severity).toBeNull();
  });

  it("stay the same object until an analysis says something else", () => {
    const index = new FactIndex();
    index.update(analysis([problem({})]));
    const before = index.of("a");
    let told = 0;
    index.subscribe(() => told++);
    index.update(analysis([problem({})]));
    expect([index.of("a") === before, told]).toEqual([true, 0]);
    index.update(analysis([problem({ message: "other" })]));
    expect([index.of("a") === before, told]).toEqual([false, 1]);
  });
});
