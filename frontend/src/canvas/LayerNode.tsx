import { IconAlertTriangleFilled, IconExclamationCircleFilled, IconLink } from "@tabler/icons-react";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { layerSpec, layerStyle, layerTitle } from "@/catalog";
import { snakeCase, useDocumentSelector, useLayerOfNode, useNode } from "@/document";
import type { NodePorts } from "@/graph/connections";
import type { Port } from "@/graph/ports";
import { formatCompact, formatCount } from "@/lib/format";
import classes from "./canvas.module.css";
import { PORT_SIZE, portCenters, showsNames } from "./card";
import { useNodeFacts } from "./facts";
import { callsOf } from "./sharedCalls";
import { useCanvasState } from "./state";
import { formatDims, summarize } from "./summary";

export type FlowNode = Node<{ ports: NodePorts }, "layer">;

/** A layer on the canvas. Far out it is an empty box: the far layer draws it. */
export const LayerNode = memo(
  function LayerNode({ id, data, selected }: NodeProps<FlowNode>) {
    const far = useCanvasState((state) => state.far);
    return far ? <FarCard id={id} /> : <Card id={id} ports={data.ports} selected={selected} />;
  },
  (before, after) =>
    before.id === after.id && before.data === after.data && before.selected === after.selected,
);

function FarCard({ id }: { id: string }) {
  return <div className={classes.ghost} data-testid={`node-${id}`} />;
}

function Card({ id, ports, selected }: { id: string; ports: NodePorts; selected: boolean }) {
  const layer = useLayerOfNode(id);
  const note = useNode(id)?.note;
  const calls = useDocumentSelector((content) => callsOf(content.nodes, content.nodes[id]?.layer));
  const { analysis, severity, messages } = useNodeFacts(id);
  const chosen = useCanvasState((state) => state.connectChoice === id || state.connectFrom === id);
  if (!layer) return null;

  const spec = layerSpec(layer.class_name);
  const style = layerStyle(spec);
  const title = layerTitle(layer.class_name);
  const summary = summarize(spec, layer.params);
  const plainName = layer.name === snakeCase(layer.class_name);
  return (
    <div
      className={classes.card}
      id={`card-${id}`}
      data-testid={`node-${id}`}
      data-class={layer.class_name}
      data-name={layer.name}
      data-selected={selected || undefined}
      data-severity={severity ?? undefined}
      data-marker={spec?.marker || undefined}
      data-chosen={chosen || undefined}
      style={{ "--layer-color": style.color, "--layer-tint": style.tint } as React.CSSProperties}
    >
      <Ports id={id} ports={ports.inputs} type="target" />
      <span className={classes.icon} aria-hidden>
        <style.icon size={17} stroke={1.8} />
      </span>
      <span className={classes.words}>
        <span className={classes.top}>
          <span className={classes.title}>{title}</span>
          {!plainName && <span className={classes.name}>{layer.name}</span>}
          <span className={classes.badges}>
            {severity && severity !== "info" && <ProblemBadge severity={severity} messages={messages} />}
            {calls > 1 && <SharedBadge calls={calls} />}
            {analysis && analysis.params > 0 && (
              <ParameterBadge params={analysis.params} trainable={analysis.trainable_params} />
            )}
          </span>
        </span>
        <span className={classes.summary}>{summary || (plainName ? layer.name : "")}</span>
      </span>
      {note && <span className={classes.note} title={note} />}
      <Ports id={id} ports={ports.outputs} type="source" shapes={analysis?.output_shapes} />
      <RefusalNote id={id} />
    </div>
  );
}

function ProblemBadge({ severity, messages }: { severity: "error" | "warning"; messages: string[] }) {
  const { t } = useTranslation("canvas");
  const Icon = severity === "error" ? IconExclamationCircleFilled : IconAlertTriangleFilled;
  const label = [t(`severity.${severity}`, { count: messages.length }), ...messages].join("\n");
  return (
    <span className={classes.problem} data-severity={severity} title={label} role="img" aria-label={label}>
      <Icon size={16} />
    </span>
  );
}

function SharedBadge({ calls }: { calls: number }) {
  const { t } = useTranslation("canvas");
  return (
    <span className={classes.shared} title={t("shared", { count: calls })}>
      <IconLink size={12} />
      {calls}
    </span>
  );
}

function ParameterBadge({ params, trainable }: { params: number; trainable: number }) {
  const { t } = useTranslation("canvas");
  const frozen = trainable < params;
  const words = t(frozen ? "parametersFrozen" : "parameters", {
    count: params,
    params: formatCount(params),
    trainable: formatCount(trainable),
  });
  return (
    <span className={classes.count} title={words} data-frozen={frozen || undefined}>
      {formatCompact(params)}
    </span>
  );
}

interface PortsProps {
  id: string;
  ports: readonly Port[];
  type: "source" | "target";
  shapes?: Record<string, (number | null)[]>;
}

function Ports({ id, ports, type, shapes }: PortsProps) {
  const { t } = useTranslation("canvas");
  const named = showsNames(ports);
  const centers = portCenters(ports);
  return ports.map((port, index) => {
    const left = centers[index];
    const shape = shapes?.[port.id];
    const title = [
      port.name,
      port.stale ? t("port.stale") : port.optional ? t("port.optional") : "",
      shape ? `(${formatDims(shape).replaceAll("×", ", ").replaceAll("?", "None")})` : "",
    ].filter(Boolean);
    return (
      <span key={port.id} className={classes.portPlace}>
        <Handle
          id={port.id}
          type={type}
          position={type === "target" ? Position.Top : Position.Bottom}
          className={classes.port}
          style={{ left, width: PORT_SIZE, height: PORT_SIZE }}
          data-testid={`port-${id}-${port.id}`}
          data-optional={port.optional || undefined}
          data-stale={port.stale || undefined}
          title={title.join(" · ")}
        />
        {named && (
          <span className={classes.portName} data-type={type} style={{ left }} aria-hidden>
            {port.id}
          </span>
        )}
      </span>
    );
  });
}

/** While a wire is drawn: why it cannot end here, shown on hover. */
function RefusalNote({ id }: { id: string }) {
  const { t } = useTranslation("canvas");
  const refusal = useCanvasState((state) => (state.drawing ? (state.refusals.get(id) ?? "fits") : null));
  if (!refusal) return null;
  return (
    <span className={classes.refusal} data-refusal={refusal} data-testid={`refusal-${id}`}>
      {refusal === "fits" ? "" : t(`refusal.${refusal}`)}
    </span>
  );
}
