import { useStore, useStoreApi, ViewportPortal } from "@xyflow/react";
import { useDocumentSelector } from "@/document";
import { type Box, borderPoint } from "@/graph/arrange";
import classes from "./canvas.module.css";
import { cardSize } from "./card";
import type { FlowNode } from "./LayerNode";
import { callsByLayer } from "./sharedCalls";
import { useCanvasState } from "./state";
import type { FlowEdge } from "./WireEdge";

/** The lines along which a dragged card is aligned with others. */
export function Guides() {
  const guides = useCanvasState((state) => state.guides);
  const zoom = useStore((state) => state.transform[2]);
  if (guides.length === 0) return null;
  return (
    <ViewportPortal>
      <svg className={classes.overlay} aria-hidden>
        {guides.map(({ axis, at, from, to }) => {
          const ends =
            axis === "x" ? { x1: at, x2: at, y1: from, y2: to } : { x1: from, x2: to, y1: at, y2: at };
          return <line key={axis} {...ends} className={classes.guide} strokeWidth={1 / zoom} />;
        })}
      </svg>
    </ViewportPortal>
  );
}

/** Dashed lines between the calls of one layer: they share its weights. */
export function SharedLinks() {
  const far = useCanvasState((state) => state.far);
  const nodes = useDocumentSelector((content) => content.nodes);
  const store = useStoreApi<FlowNode, FlowEdge>();
  const links = [...callsByLayer(nodes).values()].flatMap((calls) =>
    calls.slice(1).map((id, index) => [calls[index] as string, id] as const),
  );
  if (far || links.length === 0) return null;
  const { nodeLookup } = store.getState();
  const boxOf = (id: string): Box => {
    const ports = nodeLookup.get(id)?.data.ports ?? { inputs: [], outputs: [] };
    return { id, x: nodes[id]?.x ?? 0, y: nodes[id]?.y ?? 0, ...cardSize(ports) };
  };
  return (
    <ViewportPortal>
      <svg className={classes.overlay} aria-hidden data-testid="shared-links">
        {links.map(([from, to]) => {
          const a = borderPoint(boxOf(from), boxOf(to));
          const b = borderPoint(boxOf(to), boxOf(from));
          return (
            <line key={`${from}-${to}`} x1={a.x} y1={a.y} x2={b.x} y2={b.y} className={classes.sharedLink} />
          );
        })}
      </svg>
    </ViewportPortal>
  );
}
