import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { getSelection, select } from "@/actions";
import { type Diagnostics, keys, type Problem } from "@/api";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, DesignProvider } from "@/document";
import "@/i18n";
import { Inspector, ProblemsPanel } from ".";
import { commonParams, commonValues } from "./SeveralInspector";
import { errorsByParam, groupBySeverity } from "./useProblems";

// Whole panels are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 30_000 });

const catalog = loadCatalog();

if (!("fonts" in document)) Object.defineProperty(document, "fonts", { value: new EventTarget() });

afterEach(() => {
  cleanup();
  act(() => select([]));
});

function problem(change: Partial<Problem>): Problem {
  const empty = { node: "", port: "", param: "", upstream: "", expected: "", received: "", hint: "" };
  return { code: "fault", severity: "error", message: "Something is wrong.", fix: null, ...empty, ...change };
}

function show(element: React.ReactNode, design: DesignDocument, problems: Problem[] = []) {
  const client = new QueryClient();
  const nodes = Object.entries(design.snapshot.content.nodes).map(([id, node]) => ({
    id,
    name: design.snapshot.content.layers[node.layer]?.name ?? "",
    class: design.snapshot.content.layers[node.layer]?.class_name ?? "",
    input_shapes: { input: [null, 8] },
    output_shapes: { output: [null, 10] },
    output_dtypes: { output: "float32" },
    params: 90,
    trainable_params: 90,
    flops: 160,
    activation_bytes: 40,
    graph: "",
  }));
  const costs = { flops: 320, activation_bytes: 80, training_bytes: 20_000, weights_bytes: 4936 };
  const analysis = {
    nodes,
    total_params: 1234,
    trainable_params: 1200,
    problems,
    costs,
    learned: {},
    weights: {},
  };
  client.setQueryData(["catalog"], catalog);
  client.setQueryData<Diagnostics>(keys.diagnostics(design.id), { digest: "d", analysis, analyzing: false });
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <DesignProvider designId={design.id} canEdit document={design}>
          {element}
        </DesignProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

function twoDense() {
  const design = DesignDocument.local();
  const nodes = [32, 64].map((units) =>
    design.commands.addLayer({ class_name: "Dense", params: { units }, x: 0, y: 0 }),
  ) as string[];
  const params = () => Object.values(design.snapshot.content.layers).map((layer) => layer.params);
  return { design, nodes, params };
}

describe("the inspector", () => {
  it("shows the design while nothing is selected", () => {
    const { design } = twoDense();
    show(<Inspector />, design);
    expect(screen.getByTestId("total-params").textContent).toBe("1,234");
  });

  it("shows and changes the selected layer", () => {
    const { design, nodes, params } = twoDense();
    show(<Inspector />, design);
    act(() => select([nodes[0] as string]));
    expect(screen.getByTestId("layer-facts").textContent).toBe(
      "In(None, 8)Out(None, 10)Parameters90FLOPs160Activation40 B",
    );
    fireEvent.change(screen.getByTestId("input-units"), { target: { value: "5" } });
    fireEvent.blur(screen.getByTestId("input-units"));
    fireEvent.click(screen.getByTestId("input-trainable"));
    expect(params()).toEqual([{ units: 5, trainable: false }, { units: 64 }]);
  });

  it("renames the layer, and keeps the old name when the new one is empty", () => {
    const { design, nodes } = twoDense();
    show(<Inspector />, design);
    act(() => select([nodes[0] as string]));
    const name = screen.getByTestId("layer-name");
    for (const text of ["head", "  "]) {
      fireEvent.change(name, { target: { value: text } });
      fireEvent.blur(name);
    }
    expect(Object.values(design.snapshot.content.layers).map((layer) => layer.name)).toEqual([
      "head",
      "dense_1",
    ]);
  });

  it("takes one call out of a shared layer, with the same parameters, in one step of undo", async () => {
    const { design, nodes } = twoDense();
    const shared = design.commands.shareLayer(nodes[0] as string, { x: 0, y: 0 }) as string;
    design.commands.endGesture();
    show(<Inspector />, design);
    act(() => select([shared]));
    await userEvent.click(screen.getByTestId("make-independent"));
    const { nodes: calls, layers } = design.snapshot.content;
    const own = calls[shared]?.layer as string;
    expect(own).not.toBe(calls[nodes[0] as string]?.layer);
    expect(layers[own]).toEqual({
      class_name: "Dense",
      name: "dense_2",
      params: { units: 32 },
      weights: null,
    });
    act(() => design.undo());
    expect(design.snapshot.content.nodes[shared]?.layer).toBe(calls[nodes[0] as string]?.layer);
  });

  it("sets a parameter of several layers at once, as one step of undo", () => {
    const { design, nodes, params } = twoDense();
    show(<Inspector />, design);
    act(() => select(nodes));
    expect(screen.getByTestId("input-units").getAttribute("placeholder")).toBe("Different values");
    fireEvent.change(screen.getByTestId("input-units"), { target: { value: "7" } });
    fireEvent.blur(screen.getByTestId("input-units"));
    expect(params()).toEqual([{ units: 7 }, { units: 7 }]);
    act(() => design.undo());
    expect(params()).toEqual([{ units: 32 }, { units: 64 }]);
  });

  it("shows what is wrong beside the parameter", () => {
    const { design, nodes } = twoDense();
    const fault = problem({ node: nodes[0], param: "units", expected: "a whole number" });
    show(<Inspector />, design, [fault]);
    act(() => select([nodes[0] as string]));
    const units = screen.getByTestId("input-units");
    expect(units.getAttribute("aria-invalid")).toBe("true");
    const described = (units.getAttribute("aria-describedby") ?? "").split(" ");
    expect(described.map((id) => document.getElementById(id)?.textContent)).toContain(
      "Expected a whole number",
    );
  });
});

describe("the problem list", () => {
  it("jumps to the place, and applies the fix", async () => {
    const { design, nodes, params } = twoDense();
    const layer = design.snapshot.content.nodes[nodes[1] as string]?.layer as string;
    const path = ["layers", layer, "params", "units"];
    const fix = { title: "Set units to 10", edits: [{ op: "set" as const, path, value: 10 }] };
    show(<ProblemsPanel />, design, [problem({ code: "units", node: nodes[1], fix })]);
    await userEvent.click(screen.getByText("Something is wrong."));
    expect(getSelection().nodes).toEqual([nodes[1]]);
    await userEvent.click(screen.getByTestId("problem-fix-units"));
    expect(params()).toEqual([{ units: 32 }, { units: 10 }]);
  });

  it("says when there is none", () => {
    show(<ProblemsPanel />, twoDense().design);
    expect(screen.getByTestId("problems-empty").textContent).toBe("No problems");
  });

  it("puts the gravest first", () => {
    const info = problem({ severity: "info" });
    const error = problem({});
    expect(groupBySeverity([info, error])).toEqual([
      { severity: "error", problems: [error] },
      { severity: "info", problems: [info] },
    ]);
  });
});

describe("parameters in common", () => {
  const layer = (class_name: string, params = {}) => ({
    class_name,
    name: class_name,
    params,
    weights: null,
  });

  it("have the same meaning in every class", () => {
    const names = commonParams([layer("Conv1D"), layer("Conv2D")]).map((spec) => spec.name);
    expect(names).toContain("filters");
    expect(names).not.toContain("kernel_size");
  });

  it("are mixed where the values differ", () => {
    const layers = [
      layer("Dense", { units: 1, use_bias: false }),
      layer("Dense", { units: 2, use_bias: false }),
    ];
    expect(commonValues(commonParams(layers), layers)).toEqual({
      values: { use_bias: false },
      mixed: new Set(["units"]),
    });
  });

  it("carry the first error of each parameter", () => {
    const problems = [
      problem({ param: "units", message: "first" }),
      problem({ param: "units", message: "second" }),
      problem({ param: "activation", severity: "warning" }),
      problem({ param: "cell.units", message: "inner" }),
    ];
    expect(errorsByParam(problems)).toEqual({ units: problems[0], cell: problems[3] });
  });
});
