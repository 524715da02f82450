import { createContext, useContext } from "react";
import type { DesignDocument } from "@/document";
import type { CanvasView } from "./editorView";
import type { Selection } from "./selection";

/** What an action may look at and use, at the moment when it is asked. */
export interface ActionContext {
  design: DesignDocument;
  selection: Selection;
  /** The graph on the canvas: "" for the design itself, else the inside of a nested model. */
  graph: string;
  canvas: CanvasView | null;
  host: ActionHost;
}

/** What the page around the editor does for actions. */
export interface ActionHost {
  toggleTheme(): void;
  openRuns(): void;
  openVersions(): void;
  openShare(): void;
  notify(key: string): void;
  /** Show a message that is already in words. */
  tell(words: string): void;
}

export const ActionContextSource = createContext<(() => ActionContext) | null>(null);

/** Returns a function, so that a component that only runs actions is not rendered with every selection. */
export function useActionContext(): () => ActionContext {
  const source = useContext(ActionContextSource);
  if (!source) throw new Error("useActionContext needs an ActionProvider above it.");
  return source;
}
