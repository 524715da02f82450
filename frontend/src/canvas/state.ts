import { create } from "zustand";
import type { Guide } from "@/graph/arrange";
import type { Refusal } from "@/graph/connections";
import type { Point } from "@/graph/curve";

/** One end of a wire that is being drawn. */
export interface OpenEnd {
  node: string;
  port: string;
  type: "source" | "target";
}

export interface QuickAddRequest {
  /** Where the layer will stand on the canvas; null where the canvas chooses. */
  at: Point | null;
  /** Where the search opens. */
  screen: Point;
  /** The wire that was dropped there. */
  from: OpenEnd | null;
}

export interface MenuRequest {
  screen: Point;
  at: Point;
  target: "pane" | "node" | "edge" | "block";
  /** The node or block under the pointer. */
  id: string | null;
}

interface CanvasState {
  /** The view is so far out that cards are drawn as plain blocks on one canvas. */
  far: boolean;
  /** Far out only the card under the pointer, and what is selected, are there to be taken hold of. */
  hovered: string | null;
  /** What the search found, and the hit that is shown; null while nothing is searched for. */
  hits: ReadonlySet<string> | null;
  hit: string | null;
  /** The end from which a wire is drawn, and for every node why it cannot end there (null where it can). */
  drawing: OpenEnd | null;
  refusals: ReadonlyMap<string, Refusal | null>;
  /** The wire that the dragged layer will be put into. */
  dropWire: string | null;
  guides: readonly Guide[];
  quickAdd: QuickAddRequest | null;
  menu: MenuRequest | null;
  /** Connecting by keyboard: from which node, and the port that is chosen now. */
  connectFrom: string | null;
  connectChoice: string | null;
  message: string;
}

const REST: CanvasState = {
  far: false,
  hovered: null,
  hits: null,
  hit: null,
  drawing: null,
  refusals: new Map(),
  dropWire: null,
  guides: [],
  quickAdd: null,
  menu: null,
  connectFrom: null,
  connectChoice: null,
  message: "",
};

/** What happens on the canvas at this moment. Local, and forgotten with the page. */
export const useCanvasState = create<CanvasState>(() => REST);

export function setCanvasState(change: Partial<CanvasState>): void {
  useCanvasState.setState(change);
}

export function resetCanvasState(): void {
  useCanvasState.setState(REST);
}

/** Say something to people who listen to the screen. */
export function announce(message: string): void {
  useCanvasState.setState({ message });
}
