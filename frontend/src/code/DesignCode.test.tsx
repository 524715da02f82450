import { EditorView } from "@codemirror/view";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { getSelection, select } from "@/actions";
import { type Diagnostics, keys } from "@/api";
import type { DesignSource } from "@/api/types";
import { setCatalog } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, DesignProvider } from "@/document";
import "@/i18n";
import { DesignCode } from "./DesignCode";
import { forgetDrafts } from "./useDraft";

// Whole panels are slow to draw on a busy machine; this is a deadline, not a wait.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(() => {
  setCatalog(loadCatalog());
  // The DOM of the tests has no layout to measure.
  Range.prototype.getClientRects ??= () => [] as unknown as DOMRectList;
});

afterEach(() => {
  cleanup();
  forgetDrafts();
  act(() => select([]));
});

function source(text: string): DesignSource {
  return { source: text, revision: text, nodes: { a: { first: 1, last: 1 }, b: { first: 2, last: 3 } } };
}

function show(text: string) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const design = DesignDocument.local();
  const tell = (digest: string, code: string) =>
    act(() => {
      client.setQueryData(keys.code(design.id, digest), source(code));
      client.setQueryData<Diagnostics>(keys.diagnostics(design.id), {
        digest,
        analysis: null,
        analyzing: false,
      });
    });
  tell("1", text);
  const view = render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <DesignProvider designId={design.id} canEdit document={design}>
          <DesignCode />
        </DesignProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  const editor = () => {
    const found = EditorView.findFromDOM(screen.getByTestId("design-code"));
    if (!found) throw new Error("There is no editor.");
    return found;
  };
  return { tell, editor, text: () => editor().state.doc.toString(), view };
}

function typeAtEnd(editor: EditorView, text: string): void {
  act(() =>
    editor.dispatch({ changes: { from: editor.state.doc.length, insert: text }, userEvent: "input.type" }),
  );
}

it("follows the canvas, cursor in place, and selects the layer under the cursor", async () => {
  const { tell, editor, text } = show("one = 1\ntwo = 2\n");
  act(() => editor().dispatch({ selection: { anchor: 9 }, userEvent: "select.pointer" }));
  expect(getSelection().nodes).toEqual(["b"]);
  tell("2", "zero = 0\none = 1\ntwo = 2\n");
  await waitFor(() => expect(text()).toBe("zero = 0\none = 1\ntwo = 2\n"));
  expect(editor().state.selection.main.head).toBe(18);
});

it("never replaces what was typed: the person chooses", async () => {
  const { tell, editor, text } = show("one = 1\n");
  typeAtEnd(editor(), "mine = 2\n");
  tell("2", "other = 3\n");
  await screen.findByTestId("code-conflict");
  expect(text()).toBe("one = 1\nmine = 2\n");
  fireEvent.click(screen.getByTestId("code-keep-mine"));
  expect(screen.queryByTestId("code-conflict")).toBeNull();
  expect(text()).toBe("one = 1\nmine = 2\n");
  fireEvent.click(screen.getByTestId("code-discard"));
  await waitFor(() => expect(text()).toBe("other = 3\n"));
});

it("finds what was typed again after the panel was closed", async () => {
  const { editor, view } = show("one = 1\n");
  typeAtEnd(editor(), "mine = 2\n");
  view.unmount();
  const again = show("one = 1\n");
  expect(again.text()).toBe("one = 1\nmine = 2\n");
});
