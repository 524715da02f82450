import { act, cleanup, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type JsonObject,
  type Kind,
  PARAM_KINDS,
  type ParamKind,
  type ParamSpec,
  setOwnSpecs,
} from "@/catalog";
import { getObject, getParam, loadCatalog } from "@/catalog/testing";
import { pickOption, renderForm } from "./testing";
import { COMMIT_PAUSE } from "./useDraft";

// Long forms are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 30_000 });

const catalog = loadCatalog();

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const field = (name: string) => screen.getByTestId(`input-${name}`);

async function type(name: string, text: string) {
  fireEvent.focus(field(name));
  fireEvent.change(field(name), { target: { value: text } });
  fireEvent.blur(field(name));
}

async function choose(name: string, option: string) {
  await pickOption(field(name), option);
}

interface Case {
  of: [Kind, string, string] | ParamSpec;
  act: () => Promise<void>;
  stored: JsonObject;
}

/** One real parameter of each kind, what a person does to it, and what is then stored. */
const CASES: Record<ParamKind, Case> = {
  integer: {
    of: ["layers", "Dense", "units"],
    act: () => type("units", "64"),
    stored: { units: 64 },
  },
  number: {
    of: ["layers", "Dropout", "rate"],
    act: () => type("rate", "0.25"),
    stored: { rate: 0.25 },
  },
  boolean: {
    of: ["layers", "Dense", "use_bias"],
    act: async () => void fireEvent.click(field("use_bias")),
    stored: { use_bias: false },
  },
  text: {
    of: ["callbacks", "EarlyStopping", "monitor"],
    act: () => type("monitor", "val_accuracy"),
    stored: { monitor: "val_accuracy" },
  },
  choice: {
    of: ["layers", "Conv2D", "padding"],
    act: () => choose("padding", "same"),
    stored: { padding: "same" },
  },
  size: {
    of: ["layers", "Conv2D", "kernel_size"],
    act: () => type("kernel_size", "3, 5"),
    stored: { kernel_size: [3, 5] },
  },
  shape: {
    of: ["layers", "InputLayer", "shape"],
    act: () => type("shape", "28, any, 1"),
    stored: { shape: [28, null, 1] },
  },
  axis: {
    of: ["layers", "LayerNormalization", "axis"],
    act: () => type("axis", "1, 2"),
    stored: { axis: [1, 2] },
  },
  numbers: {
    of: ["layers", "RandomRotation", "factor"],
    act: () => type("factor", "-0.1, 0.2"),
    stored: { factor: [-0.1, 0.2] },
  },
  strings: {
    of: ["layers", "StringLookup", "vocabulary"],
    act: async () => {
      const user = userEvent.setup();
      await user.click(field("vocabulary"));
      await user.paste("cat");
      await user.tab();
    },
    stored: { vocabulary: ["cat"] },
  },
  dtype: {
    of: ["layers", "Dense", "dtype"],
    act: () => type("dtype", "float16"),
    stored: { dtype: "float16" },
  },
  object: {
    of: ["layers", "Dense", "kernel_initializer"],
    act: () => choose("kernel_initializer", "HeNormal"),
    stored: { kernel_initializer: { class_name: "HeNormal", config: {} } },
  },
  layer: {
    of: ["layers", "TimeDistributed", "layer"],
    act: () => choose("layer", "Conv2D"),
    stored: { layer: { class_name: "Conv2D", config: {} } },
  },
  layers: {
    of: ["layers", "StackedRNNCells", "cells"],
    act: async () => void fireEvent.click(screen.getByRole("button", { name: "Add a cell" })),
    stored: { cells: [{ class_name: "GRUCell", config: {} }] },
  },
  graph: {
    of: { name: "graph", kind: "graph", required: true },
    act: () => choose("graph", "encoder"),
    stored: { graph: "g1" },
  },
  expression: {
    of: ["callbacks", "LearningRateScheduler", "schedule"],
    act: () => type("schedule", "lr * 0.9 ** epoch"),
    stored: { schedule: "lr * 0.9 ** epoch" },
  },
  json: {
    of: ["layers", "Cropping2D", "cropping"],
    act: () => type("cropping", "[[1, 1], [2, 2]]"),
    stored: {
      cropping: [
        [1, 1],
        [2, 2],
      ],
    },
  },
  python: {
    of: { name: "function", kind: "python" },
    act: async () => expect(field("function").textContent).toContain("Python function"),
    stored: {},
  },
};

describe("a widget for every kind", () => {
  it.each(PARAM_KINDS)("%s", async (kind) => {
    const { of, act: perform, stored } = CASES[kind];
    const spec = Array.isArray(of) ? getParam(catalog, ...of) : of;
    expect(spec.kind).toBe(kind);
    const { log } = renderForm([{ ...spec, advanced: false }]);
    await perform();
    expect(log.stored).toEqual(stored);
  });

  it.each(PARAM_KINDS)("%s cannot be changed by a viewer", async (kind) => {
    const { of } = CASES[kind];
    const spec = Array.isArray(of) ? getParam(catalog, ...of) : of;
    const { log, container } = renderForm([{ ...spec, advanced: false }], {}, { readOnly: true });
    for (const input of container.querySelectorAll("input:not([type=hidden]), textarea"))
      expect(input.matches("[readonly], :disabled, [type=hidden]"), input.outerHTML).toBe(true);
    expect(log.changes).toBe(0);
  });
});

describe("typing", () => {
  const units = getParam(catalog, "layers", "Dense", "units");

  it("is never blocked: an invalid text stays, is explained, and is not stored", async () => {
    const { log } = renderForm([units], { units: 10 });
    fireEvent.change(field("units"), { target: { value: "ten" } });
    expect((field("units") as HTMLInputElement).value).toBe("ten");
    expect(screen.getByRole("alert").textContent).toBe(
      "Expected a whole number of at least 1; received “ten”.",
    );
    fireEvent.blur(field("units"));
    expect(log.stored).toEqual({ units: 10 });
    fireEvent.keyDown(field("units"), { key: "Escape" });
    expect((field("units") as HTMLInputElement).value).toBe("10");
    expect(log.changes).toBe(0);
  });

  it("is stored once, after a pause", () => {
    vi.useFakeTimers();
    const { log } = renderForm([units], { units: 10 });
    for (const value of ["1", "12", "128"]) fireEvent.change(field("units"), { target: { value } });
    act(() => void vi.advanceTimersByTime(COMMIT_PAUSE - 1));
    expect(log.changes).toBe(0);
    act(() => void vi.advanceTimersByTime(1));
    expect([log.changes, log.stored]).toEqual([1, { units: 128 }]);
  });

  it("is stored when the field goes away before the pause", () => {
    const { log, unmount } = renderForm([units], { units: 10 });
    fireEvent.change(field("units"), { target: { value: "7" } });
    unmount();
    expect(log.changes).toBe(1);
  });

  it("gives way to a change from elsewhere, but not while the field is being typed in", () => {
    const { log } = renderForm([units], { units: 10 });
    fireEvent.focus(field("units"));
    fireEvent.change(field("units"), { target: { value: "x" } });
    act(() => log.set({ units: 20 }));
    expect((field("units") as HTMLInputElement).value).toBe("x");
    fireEvent.blur(field("units"));
    act(() => log.set({ units: 30 }));
    expect((field("units") as HTMLInputElement).value).toBe("30");
  });

  it("steps numbers with the arrows, within their bounds", async () => {
    const { log } = renderForm([units], { units: 2 });
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) fireEvent.keyDown(field("units"), { key });
    fireEvent.keyDown(field("units"), { key: "ArrowUp", shiftKey: true });
    fireEvent.blur(field("units"));
    expect(log.stored).toEqual({ units: 11 });
  });
});

describe("defaults", () => {
  const bias = getParam(catalog, "layers", "Dense", "use_bias");

  it("stand in the field as its placeholder", () => {
    renderForm([getParam(catalog, "callbacks", "EarlyStopping", "monitor")]);
    expect((field("monitor") as HTMLInputElement).placeholder).toBe("val_loss");
  });

  it("are not stored when they are chosen again", async () => {
    const { log } = renderForm([bias], { use_bias: false });
    expect(screen.getByRole("button", { name: "Reset use_bias" })).toBeTruthy();
    fireEvent.click(field("use_bias"));
    expect(log.stored).toEqual({});
    expect(screen.queryByRole("button", { name: "Reset use_bias" })).toBeNull();
  });

  it("come back with the dot beside the name", async () => {
    const { log } = renderForm([bias], { use_bias: false });
    fireEvent.click(screen.getByTestId("reset-use_bias"));
    expect(log.stored).toEqual({});
  });
});

describe("functions of own code", () => {
  const hook = getParam(catalog, "callbacks", "LambdaCallback", "on_epoch_end");

  afterEach(() => setOwnSpecs([]));

  it("are told to be written where there is none", () => {
    renderForm([hook]);
    expect(screen.getByText(/No function yet.*called with epoch, logs/)).toBeTruthy();
  });

  it("are chosen by their name", async () => {
    const other = { name: "bent", kind: "activations", qualified_name: "bent", code: "b" } as const;
    const signature = "epoch, logs=None";
    setOwnSpecs([{ name: "tell", kind: "functions", qualified_name: "tell", code: "a", signature }, other]);
    const { log } = renderForm([hook]);
    expect(screen.queryByText(/No function yet/)).toBeNull();
    fireEvent.click(field("on_epoch_end"));
    expect(await screen.findByText("(epoch, logs=None)")).toBeTruthy();
    fireEvent.blur(field("on_epoch_end"));
    await choose("on_epoch_end", "tell");
    expect(log.stored).toEqual({ on_epoch_end: "tell" });
    await choose("on_epoch_end", "None");
    expect(log.stored).toEqual({});
  });
});

describe("nested objects", () => {
  it("set their own parameters below", async () => {
    const { log } = renderForm([
      { ...getParam(catalog, "layers", "Dense", "kernel_initializer"), advanced: false },
    ]);
    await choose("kernel_initializer", "RandomNormal");
    await type("stddev", "0.1");
    expect(log.stored).toEqual({
      kernel_initializer: { class_name: "RandomNormal", config: { stddev: 0.1 } },
    });
  });

  it("of a default become a choice of their own when a parameter is set", async () => {
    const { log } = renderForm([
      { ...getParam(catalog, "layers", "Dense", "kernel_initializer"), advanced: false },
    ]);
    fireEvent.click(screen.getByTestId("configure-kernel_initializer"));
    await type("seed", "3");
    expect(log.stored).toEqual({
      kernel_initializer: { class_name: "GlorotUniform", config: { seed: 3 } },
    });
  });

  it("take a learning rate as a number or as a schedule", async () => {
    const { log } = renderForm([getParam(catalog, "optimizers", "Adam", "learning_rate")]);
    const [, number] = screen.getAllByTestId("input-learning_rate");
    fireEvent.change(number as HTMLElement, { target: { value: "0.01" } });
    fireEvent.blur(number as HTMLElement);
    expect(log.stored).toEqual({ learning_rate: 0.01 });
    await pickOption(screen.getAllByTestId("input-learning_rate")[0] as HTMLElement, "ExponentialDecay");
    expect(log.stored).toEqual({ learning_rate: { class_name: "ExponentialDecay", config: {} } });
  });

  it("change one layer of a list and keep the others", async () => {
    const cells = [
      { class_name: "LSTMCell", config: { units: 3 } },
      { class_name: "GRUCell", config: { units: 4 } },
    ];
    const { log } = renderForm([getParam(catalog, "layers", "StackedRNNCells", "cells")], { cells });
    const [, second] = screen.getAllByTestId("input-units");
    fireEvent.change(second as HTMLElement, { target: { value: "8" } });
    fireEvent.blur(second as HTMLElement);
    expect(log.stored).toEqual({ cells: [cells[0], { class_name: "GRUCell", config: { units: 8 } }] });
    fireEvent.click(screen.getAllByRole("button", { name: "Remove this one" })[0] as HTMLElement);
    expect(log.stored).toEqual({ cells: [{ class_name: "GRUCell", config: { units: 8 } }] });
  });
});

describe("sizes", () => {
  it("open into one field for each axis and join again", async () => {
    const { log } = renderForm([getParam(catalog, "layers", "Conv2D", "kernel_size")], { kernel_size: 3 });
    fireEvent.click(screen.getByRole("button", { name: "A value for each axis" }));
    const [, second] = screen.getAllByTestId("input-kernel_size");
    fireEvent.change(second as HTMLElement, { target: { value: "5" } });
    fireEvent.blur(second as HTMLElement);
    expect(log.stored).toEqual({ kernel_size: [3, 5] });
    fireEvent.click(screen.getByRole("button", { name: "One value for all axes" }));
    expect(log.stored).toEqual({ kernel_size: 3 });
  });
});

describe("the form", () => {
  it("folds the advanced parameters and opens them when one of them is at fault", async () => {
    const { params = [] } = getObject(catalog, "layers", "Dense");
    renderForm(params);
    expect(screen.queryByTestId("input-kernel_initializer")).toBeNull();
    cleanup();
    renderForm(params, {}, { errors: { kernel_initializer: "No such initializer." } });
    expect(
      within(screen.getByTestId("params-advanced").parentElement as HTMLElement).getByText(
        "No such initializer.",
      ),
    ).toBeTruthy();
  });

  it("shows different values of several objects as such, and sets all of them", async () => {
    const units = getParam(catalog, "layers", "Dense", "units");
    const { log } = renderForm([units], {}, { mixed: new Set(["units"]) });
    expect((field("units") as HTMLInputElement).placeholder).toBe("Different values");
    await type("units", "5");
    expect(log.stored).toEqual({ units: 5 });
  });

  it("explains a parameter in the words of the Keras docs", async () => {
    renderForm([getParam(catalog, "layers", "Dense", "units")]);
    fireEvent.click(screen.getByRole("button", { name: "About units" }));
    expect(await screen.findByText(/dimensionality of the output space/)).toBeTruthy();
  });
});

describe("an inner layer", () => {
  it("can be one of the design, whose weights it then shares", async () => {
    const { log } = renderForm([getParam(catalog, "layers", "TimeDistributed", "layer")]);
    await choose("layer", "tower");
    expect(log.stored).toEqual({ layer: { layer: "l1" } });
    expect((field("layer") as HTMLInputElement).value).toBe("tower");
  });

  it("can be a nested model", async () => {
    const { log } = renderForm([getParam(catalog, "layers", "TimeDistributed", "layer")], {
      layer: { class_name: "Model", config: {} },
    });
    await choose("graph", "encoder");
    expect(log.stored).toEqual({ layer: { class_name: "Model", config: { graph: "g1" } } });
  });
});
