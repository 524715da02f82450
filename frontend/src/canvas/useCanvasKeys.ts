import { type KeyboardEvent, useCallback } from "react";
import { getSelection, select, showPanel, useEditorView } from "@/actions";
import { layerTitle } from "@/catalog";
import { type DesignDocument, nodesIn, TOP } from "@/document";
import { type Box, neighbour } from "@/graph/arrange";
import type { CanvasControl } from "./CanvasControl";
import type { FactIndex } from "./facts";
import { announce } from "./state";
import { wireLabel } from "./summary";

const NUDGE = 4;
const BIG_NUDGE = 24;
const ARROWS = {
  ArrowLeft: { direction: "left", x: -1, y: 0 },
  ArrowRight: { direction: "right", x: 1, y: 0 },
  ArrowUp: { direction: "up", x: 0, y: -1 },
  ArrowDown: { direction: "down", x: 0, y: 1 },
} as const;

type Say = (key: string, values?: Record<string, unknown>) => string;

/**
 * The keys of the canvas itself. Tab and Shift+Tab walk the nodes in reading order, Alt+arrow goes to the next
 * node in a direction, an arrow moves what is selected, Enter opens the inspector, or what is inside a nested
 * model; Escape drops the selection, then leaves the model.
 */
export function useCanvasKeys(
  control: CanvasControl | null,
  design: DesignDocument,
  facts: FactIndex,
  say: Say,
) {
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      if (!control || event.target !== event.currentTarget || event.ctrlKey || event.metaKey) return;
      const visit = (id: string) => {
        select([id]);
        control.reveal(id);
        announce(describe(id, design, facts, say));
      };
      if (handle(event, control, visit)) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    [control, design, facts, say],
  );
}

function handle(event: KeyboardEvent, control: CanvasControl, visit: (id: string) => void): boolean {
  const { nodes, edges } = getSelection();
  const arrow = ARROWS[event.key as keyof typeof ARROWS];
  if (arrow) {
    const current = control.boxes(nodes.slice(0, 1))[0];
    if (!current) return visitFirst(control, visit);
    if (event.altKey) {
      const next = neighbour(current, control.boxes(), arrow.direction);
      if (next) visit(next.id);
      return true;
    }
    nudge(control, nodes, arrow, event.shiftKey ? BIG_NUDGE : NUDGE);
    return true;
  }
  switch (event.key) {
    case "Tab":
      return walk(control, nodes[0], event.shiftKey ? -1 : 1, visit);
    case "Enter":
      if (nodes.length === 0) return visitFirst(control, visit);
      if (nodes.length === 1 && nodes[0] && control.openInside(nodes[0])) return true;
      showPanel("layer");
      requestAnimationFrame(() => document.getElementById("editor-side")?.focus());
      return true;
    case "Escape":
      if (useEditorView.getState().tidying) {
        control.cancelTidy();
        return true;
      }
      if (nodes.length + edges.length > 0) {
        select([]);
        return true;
      }
      return control.leave();
    default:
      return false;
  }
}

function nudge(
  control: CanvasControl,
  nodes: readonly string[],
  step: { x: number; y: number },
  size: number,
): void {
  const places = control
    .boxes(nodes)
    .map(({ id, x, y }) => [id, { x: x + step.x * size, y: y + step.y * size }]);
  control.move(Object.fromEntries(places), "nudge");
}

function visitFirst(control: CanvasControl, visit: (id: string) => void): boolean {
  const first = readingOrder(control.boxes())[0];
  if (first) visit(first.id);
  return first !== undefined;
}

/** One step along the nodes; false at either end, so that Tab leaves the canvas there. */
function walk(control: CanvasControl, from: string | undefined, step: number, visit: (id: string) => void) {
  const order = readingOrder(control.boxes());
  const index = order.findIndex((box) => box.id === from);
  const next = index < 0 ? (step > 0 ? order[0] : undefined) : order[index + step];
  if (next) visit(next.id);
  return next !== undefined;
}

export function readingOrder(boxes: readonly Box[]): Box[] {
  return [...boxes].sort((left, right) => left.y - right.y || left.x - right.x);
}

function describe(id: string, design: DesignDocument, facts: FactIndex, say: Say): string {
  const { content } = design.snapshot;
  const count = Object.keys(nodesIn(content.nodes, content.nodes[id]?.graph ?? TOP)).length;
  const layer = content.layers[content.nodes[id]?.layer ?? ""];
  const { analysis, messages } = facts.of(id);
  const shape = wireLabel(Object.values(analysis?.output_shapes ?? {})[0]);
  return [
    say("announce.node", {
      layer: layerTitle(layer?.class_name ?? ""),
      name: layer?.name,
      count,
    }),
    shape && say("announce.shape", { shape }),
    ...messages,
  ]
    .filter(Boolean)
    .join(" ");
}
