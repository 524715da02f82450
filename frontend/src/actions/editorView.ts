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
  /** Bring a node of the shown graph into view, out of its collapsed block. */
  reveal(node: string): void;
  /** Select a node of any graph and bring it into view. */
  show(node: string): void;
  /** Add a layer in the middle of the view, wired to the selected node where that fits; returns its node. */
  addLayer(className: string): string | null;
  /** A place in the middle of the view where no card stands, in the document's coordinates. */
  freePlace(): Point;
  openQuickAdd(): void;
  startConnect(): void;
  /** Lay out all nodes, or only these. */
  tidy(nodes: readonly string[] | null): void;
  cancelTidy(): void;
  /** The middle of what is in view, in the document's coordinates. */
  middle(): Point;
  boxes(nodes?: readonly string[]): { id: string; x: number; y: number; width: number; height: number }[];
  /** Move what is shown to places in the view; `gesture` merges the steps of one nudge. */
  move(places: Readonly<Record<string, Point>>, gesture?: string): void;
  /** Put the selection into a nested model, which is selected then. */
  group(): void;
  /** Put what is inside a nested model in its place, and select it. */
  unpack(node: string): void;
  /** Back to the graph around the shown one; false at the top. */
  leave(): boolean;
  /** Draw a repeated block as one card, or (null) all of them. */
  collapse(block: string | null): void;
  expand(block: string | null): void;
  hasCollapsed(): boolean;
  /** The collapsed block that a node is in. */
  blockOf(node: string): string | null;
  /** The block that a node would be collapsed with. */
  blockToCollapse(node: string): string | null;
  /** Save a picture of the whole graph. */
  picture(kind: "svg" | "png"): void;
  focusCanvas(): void;
}

/** What the colour of a card tells. */
export type ColorBy = "type" | "params" | "flops";
export const COLORINGS: readonly ColorBy[] = ["type", "params", "flops"];

export type SidePanel = "layer" | "train";
export type Drawer = "palette" | "side" | null;

interface EditorView {
  canvas: CanvasView | null;
  /** The nodes of nested models that are open, one inside the other; empty for the design itself. */
  path: readonly string[];
  colorBy: ColorBy;
  findOpen: boolean;
  /** The search for a saved design that becomes a layer. */
  pickingDesign: boolean;
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
  path: [],
  colorBy: "type",
  findOpen: false,
  pickingDesign: false,
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

/** Select a node, whichever graph it is in, and bring it into view: what a click on a problem does. */
export function focusNode(node: string): void {
  useEditorView.setState({ panel: "layer" });
  const { canvas } = useEditorView.getState();
  if (canvas) canvas.show(node);
  else select([node]);
}

/** Add a layer in the middle of the canvas: a double click in the palette. */
export function addLayerInView(className: string): string | null {
  return useEditorView.getState().canvas?.addLayer(className) ?? null;
}
