import { BaseEdge, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { curvePath, pointAt } from "@/graph/curve";
import classes from "./canvas.module.css";
import { useNodeFacts } from "./facts";
import { useCanvasState } from "./state";
import { wireLabel } from "./summary";

/** `from` is the output whose shape is written on the wire: where it begins, or inside the block where it begins. */
export type FlowEdge = Edge<{ from: { node: string; port: string } }, "wire">;

/** A wire, with the shape of the tensor on it. */
export const WireEdge = memo(function WireEdge(props: EdgeProps<FlowEdge>) {
  const { id, source, target, targetHandleId, selected, data } = props;
  const from = data?.from ?? { node: source, port: "" };
  const curve = {
    start: { x: props.sourceX, y: props.sourceY },
    end: { x: props.targetX, y: props.targetY },
  };
  const { analysis } = useNodeFacts(from.node);
  const received = useNodeFacts(target);
  const dropping = useCanvasState((state) => state.dropWire === id);
  const label = wireLabel(analysis?.output_shapes[from.port]);
  const faulty =
    received.severity === "error" && Object.keys(received.analysis?.output_shapes ?? {}).length === 0;
  const middle = pointAt(curve, 0.5);
  return (
    <g
      className={classes.wire}
      data-testid={`wire-${source}-${target}`}
      data-port={targetHandleId ?? undefined}
      data-selected={selected || undefined}
      data-dropping={dropping || undefined}
      data-faulty={faulty || undefined}
    >
      <BaseEdge id={id} path={curvePath(curve)} interactionWidth={18} />
      {label && (
        <text className={classes.wireLabel} x={middle.x} y={middle.y} data-testid={`shape-${source}`}>
          {label}
        </text>
      )}
    </g>
  );
});
