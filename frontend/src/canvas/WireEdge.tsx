import { BaseEdge, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { curvePath, middleOf } from "@/graph/curve";
import classes from "./canvas.module.css";
import { useNodeFacts } from "./facts";
import { useCanvasState } from "./state";
import { wireLabel } from "./summary";

/** What is known of a wire besides its ends. */
interface WireData extends Record<string, unknown> {
  /** The output whose shape is written on it: where it begins, or inside the block where it begins. */
  from: { node: string; port: string };
  lane?: number;
}

export type FlowEdge = Edge<WireData, "wire">;

/** A wire, with the shape of the tensor on it. */
export const WireEdge = memo(function WireEdge(props: EdgeProps<FlowEdge>) {
  const { id, source, target, targetHandleId, selected, data } = props;
  const from = data?.from ?? { node: source, port: "" };
  const curve = {
    start: { x: props.sourceX, y: props.sourceY },
    end: { x: props.targetX, y: props.targetY },
    lane: data?.lane,
  };
  const { analysis } = useNodeFacts(from.node);
  const received = useNodeFacts(target);
  const dropping = useCanvasState((state) => state.dropWire === id);
  const label = wireLabel(analysis?.output_shapes[from.port]);
  const faulty = received.faultyPorts.includes(targetHandleId ?? "");
  const middle = middleOf(curve);
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
