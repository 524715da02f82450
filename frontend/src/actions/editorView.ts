import { create } from "zustand";
import { select } from "./selection";

export interface Point {
  x: number;
  y: number;
}

/** What the canvas offers to the toolbar, the keys and the other panels while it is on screen. */
export interface CanvasView {
  fit(): void;
  zoomIn(): void;
  zoomOut(): void;
  zoomToSelection(): void;
  /** Bring a node into view. */
  reveal(node: string): void;
  /** Add a layer in the middle of the view, wired to the selected node where that fits; returns its node. */
  addLayer(className: string): string | null;
  openQuickAdd(): void;
  startConnect(): void;
  /** Lay out all nodes, or only these. */
  tidy(nodes: readonly string[] | null): void;
  cancelTidy(): void;
  /** The middle of what is in view, in canvas pixels. */
  viewCenter(): Point;
  boxes(nodes?: readonly string[]): { id: string; x: number; y: number; width: number; height: number }[];
  focusCanvas(): void;
}

export type SidePanel = "layer" | "train";
export type Drawer = "palette" | "side" | null;

interface EditorView {
  canvas: CanvasView | null;
  panel: SidePanel;
  /** The panel that covers the canvas on a narrow screen. */
  drawer: Drawer;
  problemsOpen: boolean;
  shortcutsOpen: boolean;
  tidying: boolean;
}

/** Where the editor's panels stand. Local to this tab. */
export const useEditorView = create<EditorView>(() => ({
  canvas: null,
  panel: "layer",
  drawer: null,
  problemsOpen: false,
  shortcutsOpen: false,
  tidying: false,
}));

export function showPanel(panel: SidePanel): void {
  useEditorView.setState({ panel, drawer: "side" });
}

export function openDrawer(drawer: Drawer): void {
  useEditorView.setState({ drawer });
}

/** Select a node and bring it into view: what a click on a problem does. */
export function focusNode(node: string): void {
  select([node]);
  useEditorView.setState({ panel: "layer" });
  useEditorView.getState().canvas?.reveal(node);
}

/** Add a layer in the middle of the canvas: a double click in the palette. */
export function addLayerInView(className: string): string | null {
  return useEditorView.getState().canvas?.addLayer(className) ?? null;
}
