import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Diagnostics, keys } from "@/api";
import type { WeightsFile } from "@/api/types";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, DesignProvider } from "@/document";
import "@/i18n";
import { pickOption } from "@/ui/params/testing";
import { LayerWeights } from "./LayerWeights";
import { UploadedFiles } from "./UploadedFiles";

// Modals are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 60_000 });

afterEach(cleanup);

const FILE: WeightsFile = {
  id: "f1",
  filename: "backbone.weights.h5",
  bytes: 2048,
  sha256: "0",
  created_at: "2026-11-21T00:00:00Z",
  created_by: { id: "u", name: "Ada" },
  contents: { kind: "layers", layers: [{ name: "encoder/dense", shapes: { "vars/0": [4, 8] } }], notes: [] },
};

function show(design: DesignDocument, shown: ReactNode) {
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } },
  });
  client.setQueryData(["catalog"], loadCatalog());
  client.setQueryData<Diagnostics>(keys.diagnostics(design.id), {
    digest: "",
    analysis: null,
    analyzing: false,
  });
  client.setQueryData(keys.weights, [FILE]);
  client.setQueryData(keys.weightsUsers("f1"), [{ id: "d", name: "Classifier of digits" }]);
  client.setQueryData(keys.runs(design.id), []);
  client.setQueryData(keys.runLayers("r1"), [
    { name: "hidden", class_name: "Dense", values: 40 },
    { name: "encoder/last", class_name: "Dense", values: 27 },
  ]);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter>
          <ModalsProvider>
            <DesignProvider designId={design.id} canEdit document={design}>
              {shown}
            </DesignProvider>
          </ModalsProvider>
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

function dense(source: "run" | "upload", id: string) {
  const design = DesignDocument.local();
  const node = design.commands.addLayer({ class_name: "Dense", x: 0, y: 0 }) as string;
  const layer = design.snapshot.content.nodes[node]?.layer as string;
  const weights = { source, id, layer: "" };
  design.commands.applyEdits([{ op: "set", path: ["layers", layer, "weights"], value: weights }]);
  return { design, layer, chosen: () => design.snapshot.content.layers[layer]?.weights?.layer };
}

describe("the layer that values are taken of", () => {
  it("is chosen among those of the run", async () => {
    const { design, layer, chosen } = dense("run", "r1");
    show(design, <LayerWeights layer={layer} />);
    await pickOption(screen.getByTestId("weights-layer"), "encoder/last");
    expect(chosen()).toBe("encoder/last");
  });

  it("is chosen among those of the file", async () => {
    const { design, layer, chosen } = dense("upload", "f1");
    show(design, <LayerWeights layer={layer} />);
    await pickOption(screen.getByTestId("weights-layer"), "encoder/dense");
    expect(chosen()).toBe("encoder/dense");
  });
});

describe("uploaded files", () => {
  it("are deleted after a word on the designs that start from them", async () => {
    show(DesignDocument.local(), <UploadedFiles />);
    fireEvent.click(screen.getByTestId("weights-files"));
    fireEvent.click(await screen.findByLabelText("Delete backbone.weights.h5"));
    const question = await screen.findByText("Delete backbone.weights.h5?");
    const dialog = question.closest("[role=dialog]") as HTMLElement;
    expect(within(dialog).getByText("Classifier of digits")).toBeTruthy();
    expect(within(dialog).getByTestId("confirm-delete-weights")).toBeTruthy();
  });
});
