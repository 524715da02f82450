import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type DatasetDescription, type Diagnostics, keys, type NodeAnalysis, type Preflight } from "@/api";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, DesignProvider } from "@/document";
import "@/i18n";
import { pickOption } from "@/ui/params/testing";
import { TrainPanel } from ".";
import { autoChoice, modelEnds } from "./ends";
import { blocked } from "./TrainPanel";

// Whole panels are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 60_000 });

const catalog = loadCatalog();

afterEach(cleanup);

const DIGITS: DatasetDescription = {
  kind: "image",
  samples: 1797,
  train_samples: 1617,
  validation_samples: null,
  test_samples: 180,
  features: [{ name: "features", shape: [8, 8, 1], dtype: "float32", columns: [] }],
  target: { kind: "classification", classes: ["0", "1", "2"], shape: [], encoding: "integer" },
  targets: {},
  columns: [],
  preview: {},
  histogram: [],
  notes: [],
};

function fixture() {
  const design = DesignDocument.local();
  const output = design.commands.addLayer({ class_name: "Output", x: 0, y: 0 }) as string;
  design.commands.setTraining(["dataset"], "digits");
  return { design, output, training: () => design.snapshot.content.training };
}

function show(
  design: DesignDocument,
  preflight: Preflight = { ready: true, problems: [], dataset: DIGITS },
  data: DatasetDescription = DIGITS,
) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(["catalog"], catalog);
  client.setQueryData<Diagnostics>(keys.diagnostics(design.id), {
    digest: "d",
    analysis: null,
    analyzing: false,
  });
  client.setQueryData(keys.dataset("digits"), data);
  client.setQueryData(
    keys.datasets,
    data.kind === "table" ? [{ name: "digits", title: "Digits", source: "csv" }] : [],
  );
  client.setQueryData(keys.runs(design.id), []);
  client.setQueryData([...keys.preflight(design.id), "d"], preflight);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter>
          <DesignProvider designId={design.id} canEdit document={design}>
            <TrainPanel />
          </DesignProvider>
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

function fill(field: HTMLElement, value: string) {
  fireEvent.change(field, { target: { value } });
  fireEvent.blur(field);
}

/** The options that a field offers now, without what is told of them. */
function optionsOf(field: HTMLElement): string[] {
  const list = document.getElementById(field.getAttribute("aria-controls") ?? "");
  const options = [...(list?.querySelectorAll("[role=option]") ?? [])];
  return options.map((option) => option.querySelector("p")?.textContent ?? "");
}

describe("the train panel", () => {
  it("stores the optimizer with its parameters", async () => {
    const { design, training } = fixture();
    show(design);
    await pickOption(screen.getByTestId("input-optimizer"), "SGD");
    fill(screen.getByTestId("input-momentum"), "0.9");
    expect(training().optimizer).toEqual({ class_name: "SGD", config: { momentum: 0.9 } });
  });

  it("stores the loss and the metrics of an output, and tells what is used while there are none", async () => {
    const { design, output, training } = fixture();
    show(design);
    const form = screen.getByTestId("train-output-output");
    expect(within(form).getByText("Auto: SparseCategoricalAccuracy")).toBeTruthy();
    expect(screen.getByTestId("input-loss").getAttribute("placeholder")).toBe(
      "SparseCategoricalCrossentropy",
    );
    await pickOption(screen.getByTestId("input-loss"), "MeanSquaredError");
    await pickOption(screen.getByTestId("add-metric"), "TopKCategoricalAccuracy");
    expect(training().losses).toEqual({
      [output]: { class_name: "MeanSquaredError", config: {}, weight: 1 },
    });
    expect(Object.values(training().metrics[output] ?? {})).toEqual([
      { class_name: "TopKCategoricalAccuracy", config: {}, weighted: false, position: 1 },
    ]);
    fireEvent.click(screen.getByLabelText("Remove TopKCategoricalAccuracy"));
    expect(training().metrics[output]).toEqual({});
  });

  it("offers the accuracy that fits before Keras' class of equal values", async () => {
    const { design, output, training } = fixture();
    show(design);
    const field = screen.getByTestId("add-metric");
    const user = userEvent.setup();
    await user.type(field, "accuracy");
    await waitFor(() => expect(optionsOf(field)).toContain("Accuracy"));
    expect(optionsOf(field)[0]).toBe("accuracy (fits the labels)");
    await user.keyboard("{ArrowDown}{Enter}");
    expect(Object.values(training().metrics[output] ?? {})).toEqual([
      { class_name: "accuracy", config: {}, weighted: false, position: 1 },
    ]);
  });

  it("stores every argument of fit", async () => {
    const { design, training } = fixture();
    show(design);
    fill(screen.getByTestId("fit-epochs"), "3");
    fill(screen.getByTestId("fit-batch_size"), "64");
    fill(screen.getByTestId("fit-validation_split"), "0.1");
    fill(screen.getByTestId("fit-seed"), "7");
    fireEvent.click(screen.getByTestId("fit-shuffle"));
    fireEvent.change(screen.getByTestId("class-weight"), { target: { value: "own" } });
    fill(screen.getByTestId("input-2"), "5");
    expect(training().fit).toEqual({
      epochs: 3,
      batch_size: 64,
      validation_split: 0.1,
      shuffle: false,
      class_weight: { "2": 5 },
      seed: 7,
    });
  });

  it("adds, configures and removes callbacks", async () => {
    const { design, training } = fixture();
    show(design);
    await pickOption(screen.getByTestId("add-callback"), "EarlyStopping");
    fill(await screen.findByTestId("input-patience"), "3");
    expect(Object.values(training().callbacks)).toEqual([
      { class_name: "EarlyStopping", config: { patience: 3 }, position: 1 },
    ]);
    fireEvent.click(screen.getByLabelText("Remove EarlyStopping"));
    expect(training().callbacks).toEqual({});
  });

  it("starts a callback with what Keras demands of it", async () => {
    const { design, training } = fixture();
    show(design);
    await pickOption(screen.getByTestId("add-callback"), "LearningRateScheduler");
    fill(await screen.findByTestId("input-schedule"), "lr / 2");
    expect(Object.values(training().callbacks)).toEqual([
      { class_name: "LearningRateScheduler", config: { schedule: "lr / 2" }, position: 1 },
    ]);
  });

  it("says where Python of one's own goes", async () => {
    const { design } = fixture();
    show(design);
    await userEvent.setup().type(screen.getByTestId("add-callback"), "OrbaxCheckpoint");
    expect(await screen.findByText(/You can write one in Your code/)).toBeTruthy();
  });

  it("weighs a metric, and tells it of a folded one", async () => {
    const { design, output, training } = fixture();
    show(design);
    await pickOption(screen.getByTestId("add-metric"), "AUC");
    fireEvent.click(await screen.findByTestId("metric-weighted"));
    fill(screen.getByTestId("input-num_thresholds"), "50");
    expect(Object.values(training().metrics[output] ?? {})).toEqual([
      { class_name: "AUC", config: { num_thresholds: 50 }, weighted: true, position: 1 },
    ]);
    fireEvent.click(screen.getByRole("button", { name: "AUC" }));
    expect(await screen.findByText("num_thresholds 50, weighted")).toBeTruthy();
  });

  it("stores the weight of an output without a choice of its loss, and takes it back", async () => {
    const { design, output, training } = fixture();
    design.commands.addLayer({ class_name: "Output", params: { position: 1 }, x: 0, y: 0 });
    show(design);
    const form = within(screen.getByTestId("train-output-output"));
    fill(form.getByTestId("input-weight"), "0.5");
    expect(training().losses).toEqual({ [output]: { class_name: "auto", config: {}, weight: 0.5 } });
    await pickOption(form.getByTestId("input-loss"), "Huber");
    fill(form.getByTestId("input-delta"), "2");
    expect(training().losses).toEqual({
      [output]: { class_name: "Huber", config: { delta: 2 }, weight: 0.5 },
    });
    fireEvent.click(form.getByTestId("reset-loss"));
    expect(training().losses).toEqual({ [output]: { class_name: "auto", config: {}, weight: 0.5 } });
    fireEvent.click(form.getByTestId("reset-weight"));
    expect(training().losses).toEqual({});
  });

  it("stores every option of compile and every setting of Keras", async () => {
    const { design, training } = fixture();
    show(design);
    fireEvent.click(screen.getByTestId("train-advanced"));
    await pickOption(await screen.findByTestId("compile-jit_compile"), "false");
    fill(screen.getByTestId("compile-steps_per_execution"), "4");
    fireEvent.click(screen.getByTestId("compile-run_eagerly"));
    fireEvent.click(screen.getByTestId("compile-auto_scale_loss"));
    await pickOption(screen.getByTestId("config-dtype_policy"), "mixed_float16");
    await pickOption(screen.getByTestId("config-floatx"), "float64");
    fill(screen.getByTestId("config-epsilon"), "1e-5");
    await pickOption(screen.getByTestId("config-image_data_format"), "channels_first");
    expect(training().compile).toEqual({
      jit_compile: false,
      run_eagerly: true,
      steps_per_execution: 4,
      auto_scale_loss: false,
    });
    expect(training().config).toEqual({
      dtype_policy: "mixed_float16",
      floatx: "float64",
      epsilon: 1e-5,
      image_data_format: "channels_first",
    });
    expect(screen.getByText("8 changed")).toBeTruthy();
  });

  it("lists what does not fit, mends it, and keeps Train shut until then", async () => {
    const { design, training } = fixture();
    const edits = [{ op: "set" as const, path: ["training", "fit", "epochs"], value: 2 }];
    show(design, {
      ready: false,
      dataset: DIGITS,
      problems: [
        {
          code: "units",
          severity: "error",
          node: "",
          port: "",
          param: "",
          upstream: "",
          message: "The last layer gives 12 numbers.",
          expected: "10",
          received: "12",
          hint: "",
          fix: { title: "Set units to 10", edits },
        },
      ],
    });
    expect(screen.getByTestId("train-button")).toHaveProperty("disabled", true);
    expect(screen.getByTestId("train-reason").textContent).toBe("Mend what is marked above first.");
    fireEvent.click(screen.getByTestId("problem-fix-units"));
    expect(training().fit.epochs).toBe(2);
  });
});

describe("columns of a table", () => {
  const TABLE: DatasetDescription = {
    ...DIGITS,
    kind: "table",
    columns: ["height", "width", "kind", "price"].map((name) => ({
      name,
      type: name === "kind" ? "category" : "number",
      missing: 0,
      distinct: 4,
      examples: [],
    })),
  };

  function table(inputs: number) {
    const { design, output, training } = fixture();
    const nodes = Array.from(
      { length: inputs },
      () => design.commands.addLayer({ class_name: "InputLayer", x: 0, y: 0 }) as string,
    );
    show(design, { ready: true, problems: [], dataset: TABLE }, TABLE);
    return { training, output, nodes };
  }

  it("are not asked for where there is one input and one output", () => {
    table(1);
    expect(screen.queryByTestId("columns")).toBeNull();
  });

  it("are chosen for each input and output, and what an output learns of them", async () => {
    const { training, nodes, output } = table(2);
    expect(screen.getByTestId("columns")).toBeTruthy();
    const names = nodes.map((node) => training().columns[node]);
    expect(names).toEqual([undefined, undefined]);
    const [first] = screen.getAllByTestId(/^columns-input/);
    await pickOption(first as HTMLElement, "width · numbers");
    await pickOption(first as HTMLElement, "kind · categories");
    await pickOption(screen.getByTestId("columns-output"), "price · numbers");
    await pickOption(screen.getByTestId("task-output"), "numbers");
    expect(Object.values(training().columns)).toEqual([["width", "kind"], ["price"]]);
    expect(training().columns[output]).toEqual(["price"]);
    expect(training().tasks).toEqual({ [output]: "regression" });
  });
});

describe("why Train is shut", () => {
  const ready: Preflight = { ready: true, problems: [], dataset: DIGITS };
  const open = { canEdit: true, dataset: "digits", save: "saved" as const, preflight: ready };

  it.each([
    [{}, null],
    [{ save: "saving" as const }, null],
    [{ canEdit: false }, "viewer"],
    [{ save: "offline" as const }, "offline"],
    [{ save: "loading" as const }, "loading"],
    [{ dataset: null }, "noData"],
    [{ preflight: { ...ready, ready: false } }, "problems"],
  ])("%j: %s", (change, reason) => {
    expect(blocked({ ...open, ...change })).toBe(reason);
  });
});

describe("what is chosen by itself", () => {
  const end = (size: number) => ({ input_shapes: { input: [null, size] } }) as unknown as NodeAnalysis;
  const target = (change: Partial<DatasetDescription["target"]>) => ({
    ...DIGITS,
    target: { ...DIGITS.target, ...change },
  });

  it.each([
    [target({ kind: "regression", encoding: "number" }), end(1), "MeanSquaredError", "MeanAbsoluteError"],
    [target({}), end(10), "SparseCategoricalCrossentropy", "SparseCategoricalAccuracy"],
    [target({ encoding: "binary" }), end(1), "BinaryCrossentropy", "BinaryAccuracy"],
    [target({ encoding: "binary" }), undefined, "BinaryCrossentropy", "BinaryAccuracy"],
  ])("fits labels and last layer (%#)", (data, facts, loss, metric) => {
    expect(autoChoice(data, "y", facts)).toEqual({ loss, metric });
  });

  it("is not known without data", () => {
    expect(autoChoice(null, "y", end(3))).toBeNull();
  });

  it("is asked for every output, in the order of the model", () => {
    const design = DesignDocument.local();
    const [second, first] = [2, 1].map((position) =>
      design.commands.addLayer({ class_name: "Output", params: { position }, x: 0, y: 0 }),
    );
    const { nodes, layers } = design.snapshot.content;
    expect(modelEnds("output", nodes, layers).map((output) => output.node)).toEqual([first, second]);
  });
});
