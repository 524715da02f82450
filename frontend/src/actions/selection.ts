import { create } from "zustand";

export interface Selection {
  nodes: string[];
  edges: string[];
}

const NOTHING: Selection = { nodes: [], edges: [] };

/** What this person has selected. Local: never in the document, never sent. */
export const useSelection = create<Selection>(() => NOTHING);

export function getSelection(): Selection {
  return useSelection.getState();
}

/** Select exactly these nodes and wires. */
export function select(nodes: readonly string[], edges: readonly string[] = []): void {
  const now = getSelection();
  if (sameItems(now.nodes, nodes) && sameItems(now.edges, edges)) return;
  useSelection.setState({
    nodes: sameItems(now.nodes, nodes) ? now.nodes : [...nodes],
    edges: sameItems(now.edges, edges) ? now.edges : [...edges],
  });
}

function sameItems(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
