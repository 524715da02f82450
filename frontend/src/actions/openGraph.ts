import { useMemo } from "react";
import {
  type DesignContent,
  followPath,
  type NodeCall,
  nodesIn,
  pathTo,
  type Step,
  TOP,
  useDocumentSelector,
  type Wire,
  wiresIn,
} from "@/document";
import { useEditorView } from "./editorView";
import { select } from "./selection";

/** The way into the nested model that is shown, as far as it still exists. */
export function stepsShown(content: DesignContent): Step[] {
  return followPath(content, useEditorView.getState().path);
}

/** The graph on the canvas: "" for the design itself. */
export function shownGraph(content: DesignContent): string {
  return stepsShown(content).at(-1)?.graph ?? TOP;
}

export function useShownGraph(): string {
  const path = useEditorView((view) => view.path);
  return useDocumentSelector((content) => followPath(content, path).at(-1)?.graph ?? TOP);
}

export function useSteps(): Step[] {
  const path = useEditorView((view) => view.path);
  // The words of the way change only with these; the selector compares them as one text.
  const text = useDocumentSelector((content) => JSON.stringify(followPath(content, path)));
  return useMemo(() => JSON.parse(text) as Step[], [text]);
}

/** The nodes on the canvas; the same record for the same nodes. */
export function useShownNodes(): Record<string, NodeCall> {
  const graph = useShownGraph();
  return useDocumentSelector((content) => nodesIn(content.nodes, graph));
}

export function useShownWires(): Wire[] {
  const graph = useShownGraph();
  return useDocumentSelector((content) => wiresIn(content, graph));
}

/** Show what is inside the node `node` of the shown graph. */
export function openInside(content: DesignContent, node: string): boolean {
  const steps = stepsShown(content);
  const path = [...steps.map((step) => step.node), node];
  if (followPath(content, path).length < path.length) return false;
  openPath(path);
  return true;
}

export function openPath(path: readonly string[]): void {
  const now = useEditorView.getState().path;
  if (now.length === path.length && now.every((node, index) => node === path[index])) return;
  select([]);
  useEditorView.setState({ path });
}

/** Show the graph that `node` is in. */
export function openGraphOf(content: DesignContent, node: string): void {
  const graph = content.nodes[node]?.graph;
  if (graph === undefined || graph === shownGraph(content)) return;
  const path = pathTo(content, graph);
  if (path) openPath(path);
}
