import { CompletionContext } from "@codemirror/autocomplete";
import { python } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { beforeAll, describe, expect, it } from "vitest";
import { setCatalog } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { completeKeras } from "./completion";

beforeAll(() => void setCatalog(loadCatalog()));

/** What is offered where `|` stands in `text`. */
function offered(text: string): string[] {
  const position = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", ""), extensions: [python()] });
  const result = completeKeras(new CompletionContext(state, position, true));
  return result?.options.map((option) => option.label) ?? [];
}

describe("completion", () => {
  it("knows the modules of Keras and what is in them", () => {
    expect(offered("keras.|")).toEqual(expect.arrayContaining(["layers", "losses", "optimizers"]));
    expect(offered("keras.layers.De|")).toEqual(expect.arrayContaining(["Dense", "Conv2D"]));
    expect(offered("keras.optimizers.|")).toEqual(expect.arrayContaining(["Adam", "schedules"]));
    expect(offered("x = layers.|")).toContain("Dense");
  });

  it("knows the parameters inside a call, also a call inside another", () => {
    expect(offered("keras.layers.Dense(4, |)")).toEqual(expect.arrayContaining(["units=", "activation="]));
    expect(offered("keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(|))")).toEqual(["l2="]);
    expect(offered("f(keras.layers.Dense(4), |)")).toEqual([]);
  });

  it("offers nothing where it knows nothing", () => {
    expect([offered("numpy.|"), offered("x = |")]).toEqual([[], []]);
  });
});
