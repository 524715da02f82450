import { useStore, ViewportPortal } from "@xyflow/react";
import { useMemo } from "react";
import { useShownNodes } from "@/actions";
import { borderPoint } from "@/graph/arrange";
import classes from "./canvas.module.css";
import type { FlowNode } from "./LayerNode";
import { callsByLayer } from "./sharedCalls";
import { useCanvasState } from "./state";

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
export function SharedLinks({ nodes }: { nodes: readonly FlowNode[] }) {
  const far = useCanvasState((state) => state.far);
  const calls = useShownNodes();
  const groups = useMemo(() => [...callsByLayer(calls).values()].filter((ids) => ids.length > 1), [calls]);
  if (far || groups.length === 0) return null;
  const boxes = new Map(
    nodes.map(({ id, position, width = 0, height = 0 }) => [id, { id, ...position, width, height }]),
  );
  const links = groups.flatMap((ids) =>
    ids.slice(1).flatMap((id, index) => {
      const from = boxes.get(ids[index] ?? "");
      const to = boxes.get(id);
      return from && to
        ? [{ key: `${from.id}-${id}`, a: borderPoint(from, to), b: borderPoint(to, from) }]
        : [];
    }),
  );
  return (
    <ViewportPortal>
      <svg className={classes.overlay} aria-hidden data-testid="shared-links">
        {links.map(({ key, a, b }) => (
          <line key={key} x1={a.x} y1={a.y} x2={b.x} y2={b.y} className={classes.sharedLink} />
        ))}
      </svg>
    </ViewportPortal>
  );
}
