import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, createEvent, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CanvasView, LAYER_DRAG_TYPE, useEditorView } from "@/actions";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, DesignProvider } from "@/document";
import "@/i18n";
import { Palette, QuickAdd } from ".";

// Whole panels are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 30_000 });

const catalog = loadCatalog();

function show(element: React.ReactNode, canEdit = true) {
  const client = new QueryClient();
  client.setQueryData(["catalog"], catalog);
  const design = DesignDocument.local({}, canEdit);
  // The canvas registers itself so; this one adds to the document and nothing else.
  const canvas: Partial<CanvasView> = {
    addLayer: (class_name) => design.commands.addLayer({ class_name, x: 0, y: 0 }),
  };
  useEditorView.setState({ canvas: canvas as CanvasView });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <DesignProvider designId="local" canEdit={canEdit} document={design}>
          {element}
        </DesignProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return () => Object.values(design.snapshot.content.layers).map((layer) => layer.class_name);
}

const items = () =>
  screen.getAllByTestId(/^palette-item-/).map((item) => item.dataset.testid?.replace("palette-item-", ""));

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe("the palette", () => {
  it("holds every layer of the catalog, and counts them by category", async () => {
    show(<Palette />);
    for (const fold of screen.getAllByTestId(/^palette-category-/))
      if (fold.getAttribute("aria-expanded") === "false") await userEvent.click(fold);
    const all = [
      ...Object.keys(catalog.objects.layers ?? {}),
      ...Object.keys(catalog.objects.operations ?? {}),
    ];
    expect(items().sort()).toEqual(all.sort());
    expect(screen.getByTestId("palette-category-pooling").textContent).toBe("Pooling18");
  });

  it("takes the focus at / and adds the best match with Enter", async () => {
    const layers = show(<Palette />);
    const user = userEvent.setup();
    await user.keyboard("/");
    expect(document.activeElement).toBe(screen.getByTestId("palette-search"));
    await user.keyboard("conv2d");
    expect(items()[0]).toBe("Conv2D");
    await user.keyboard("{Enter}");
    expect(layers()).toEqual(["Conv2D"]);
  });

  it("is walked with the arrow keys, and adds what has the focus", async () => {
    const layers = show(<Palette />);
    const user = userEvent.setup();
    await user.click(screen.getByTestId("palette-search"));
    await user.keyboard("{ArrowDown}");
    expect(document.activeElement?.getAttribute("data-testid")).toMatch(/^palette-category-/);
    screen.getByTestId("palette-category-ends").focus();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(document.activeElement).toBe(screen.getByTestId("palette-item-Output"));
    await user.keyboard("{ArrowUp}");
    await user.keyboard("{Enter}");
    expect(layers()).toEqual(["InputLayer"]);
  });

  it("adds with a double click, and then lists the layer as recently used", async () => {
    const layers = show(<Palette />);
    await userEvent.dblClick(screen.getByTestId("palette-item-Dense"));
    expect(layers()).toEqual(["Dense"]);
    expect(screen.getByTestId("palette-recent-Dense")).toBeTruthy();
  });

  it("gives the class name to what it is dropped on", () => {
    show(<Palette />);
    const given: Record<string, string> = {};
    const item = screen.getByTestId("palette-item-Dense");
    const start = createEvent.dragStart(item);
    Object.defineProperty(start, "dataTransfer", {
      value: { setData: (type: string, value: string) => Object.assign(given, { [type]: value }) },
    });
    fireEvent(item, start);
    expect(given).toEqual({ [LAYER_DRAG_TYPE]: "Dense" });
  });

  it("adds nothing for a viewer", async () => {
    const layers = show(<Palette />, false);
    const item = screen.getByTestId("palette-item-Dense");
    await userEvent.dblClick(item);
    expect([layers(), item.getAttribute("draggable")]).toEqual([[], "false"]);
  });

  it("says so when nothing matches", async () => {
    show(<Palette />);
    await userEvent.type(screen.getByTestId("palette-search"), "qqqxyz");
    expect(screen.getByRole("status").textContent).toContain("No layer matches “qqqxyz”.");
  });
});

describe("quick add", () => {
  it("offers what fits, and gives the chosen one", async () => {
    const picked: string[] = [];
    const user = userEvent.setup();
    show(
      <QuickAdd
        filter={(spec) => spec.category === "convolution"}
        onPick={(name) => picked.push(name)}
        onClose={() => picked.push("closed")}
      />,
    );
    const offered = screen.getAllByRole("option").map((option) => option.textContent);
    expect(offered).toContain("Conv2D");
    expect(offered).not.toContain("Dense");
    await user.keyboard("conv2d{ArrowDown}{ArrowUp}{Enter}");
    expect(picked).toEqual(["Conv2D"]);
    await user.keyboard("{Escape}");
    expect(picked).toEqual(["Conv2D", "closed"]);
  });
});
