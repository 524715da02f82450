import { Tooltip } from "@mantine/core";
import {
  IconAlertTriangleFilled,
  IconDatabaseImport,
  IconDatabaseOff,
  IconExclamationCircleFilled,
  IconLink,
  IconQuestionMark,
  IconSnowflake,
  IconStack2,
} from "@tabler/icons-react";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { LayerStart } from "@/api/types";
import { getCatalog, layerSpec, layerStyle, layerTitle, useSpecsVersion } from "@/catalog";
import { PLACEHOLDER } from "@/designs/placeholders";
import {
  graphInside,
  type LayerInstance,
  layerCount,
  MODEL,
  snakeCase,
  useDocumentSelector,
  useLayerOfNode,
  useNode,
} from "@/document";
import type { Block } from "@/graph/blocks";
import type { Port } from "@/graph/ports";
import { formatCompact, formatCount } from "@/lib/format";
import classes from "./canvas.module.css";
import { type CardPorts, FIRST_NAME, namePlaces, nameRoom, PORT_ROW, PORT_SIZE, portCenters } from "./card";
import { cardColor, useColoring } from "./coloring";
import { useFacts, useNodeFacts } from "./facts";
import { callsOf } from "./sharedCalls";
import { useCanvasState } from "./state";
import { formatDims, operationTitle, summarize } from "./summary";

/** A card: of one layer, or of a collapsed block of them. */
export type FlowNode = Node<{ ports: CardPorts; block?: Block }, "layer" | "block">;

/** A layer on the canvas. Far out it is an empty box: the far layer draws it. */
export const LayerNode = memo(
  function LayerNode({ id, data, selected }: NodeProps<FlowNode>) {
    const far = useCanvasState((state) => state.far);
    return far ? <FarCard id={id} /> : <Card id={id} ports={data.ports} selected={selected} />;
  },
  (before, after) =>
    before.id === after.id && before.data === after.data && before.selected === after.selected,
);

export function FarCard({ id }: { id: string }) {
  return <div className={classes.ghost} data-testid={`node-${id}`} />;
}

/** What a node shows of being found: nothing, found, or the one that is shown now. */
export function useHit(id: string): "hit" | "current" | "missed" | undefined {
  return useCanvasState((state) => {
    if (!state.hits) return undefined;
    if (state.hit === id) return "current";
    return state.hits.has(id) ? "hit" : "missed";
  });
}

function Card({ id, ports, selected }: { id: string; ports: CardPorts; selected: boolean }) {
  const { t } = useTranslation("canvas");
  const layer = useLayerOfNode(id);
  const call = useNode(id);
  const calls = useDocumentSelector((content) => callsOf(content.nodes, content.nodes[id]?.layer));
  const inside = useDocumentSelector((content) => {
    const own = content.layers[content.nodes[id]?.layer ?? ""];
    return content.graphs[graphInside(own, content.layers) ?? ""]?.name;
  });
  const facts = useNodeFacts(id);
  const { analysis, severity, messages } = facts;
  const chosen = useCanvasState((state) => state.connectChoice === id || state.connectFrom === id);
  const hit = useHit(id);
  const coloring = useColoring();
  useSpecsVersion();
  if (!layer) return null;

  const spec = layerSpec(layer.class_name);
  const style = layerStyle(spec);
  const [light, dark] = (["light", "dark"] as const).map((scheme) =>
    cardColor(coloring.by, style, facts, coloring.largest, scheme),
  );
  const color = `light-dark(${light}, ${dark})`;
  const operation = ports.compact;
  const title = operation
    ? operationTitle(layer.class_name, spec, layer.params)
    : layerTitle(wantedTitle(layer));
  const named = placeOfName(layer, title, operation);
  const unknown = layer.class_name === PLACEHOLDER || (!spec && getCatalog() !== undefined);
  const Icon = unknown ? IconQuestionMark : style.icon;
  const { above, below } = nameRoom(ports);
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
      data-operation={operation || undefined}
      data-placeholder={unknown || undefined}
      data-hit={hit}
      data-measured={coloring.by !== "type" || undefined}
      data-chosen={chosen || undefined}
      style={
        {
          paddingBlock: `${above}px ${below}px`,
          "--layer-color": color,
          "--layer-tint":
            coloring.by === "type" ? style.tint : `color-mix(in srgb, ${color} 18%, transparent)`,
        } as React.CSSProperties
      }
    >
      {call?.color && <span className={classes.mark} style={{ background: call.color }} aria-hidden />}
      <Ports id={id} ports={ports.inputs} type="target" />
      <span className={classes.icon} aria-hidden>
        <Icon size={operation ? 14 : 17} stroke={1.8} />
      </span>
      <span className={classes.words}>
        <span className={classes.top}>
          <span className={classes.title}>{title}</span>
          {named === "beside" && <span className={classes.name}>{layer.name}</span>}
          <span className={classes.badges}>
            {severity && severity !== "info" && <ProblemBadge severity={severity} messages={messages} />}
            {call && <StartBadge id={id} layerId={call.layer} layer={layer} />}
            {layer.params.trainable === false && (
              <span className={classes.frozen} title={t("frozen")} data-testid={`frozen-${id}`}>
                <IconSnowflake size={13} aria-label={t("frozen")} />
              </span>
            )}
            {calls > 1 && <SharedBadge calls={calls} />}
            {analysis && analysis.params > 0 && (
              <ParameterBadge params={analysis.params} trainable={analysis.trainable_params} />
            )}
          </span>
        </span>
        {!operation && (
          <span className={classes.summary}>
            {unknown ? (
              t("placeholder")
            ) : layer.class_name === MODEL ? (
              <ModelWords layer={layer} />
            ) : (
              [
                named === "below" && layer.name,
                inside,
                summarize(spec, layer.params) || (named === "nowhere" && layer.name),
              ]
                .filter(Boolean)
                .join(" · ")
            )}
          </span>
        )}
      </span>
      {call?.note && <span className={classes.note} title={call.note} />}
      <Ports id={id} ports={ports.outputs} type="source" shapes={analysis?.output_shapes} />
      <RefusalNote id={id} />
    </div>
  );
}

/** Beside a longer title than this there is no room for a name. */
const LONG_TITLE = 11;

/** Where a card tells the name of its layer; a name that only repeats the class is told where nothing else is. */
function placeOfName(layer: LayerInstance, title: string, operation = false): "beside" | "below" | "nowhere" {
  if (operation || layer.name === snakeCase(layer.class_name)) return "nowhere";
  return title.length > LONG_TITLE ? "below" : "beside";
}

/** A placeholder is called what the file called it. */
function wantedTitle({ class_name, params }: LayerInstance): string {
  return class_name === PLACEHOLDER && typeof params.class_name === "string" ? params.class_name : class_name;
}

/** The name of what is inside a nested model, and how many layers that is. */
function ModelWords({ layer }: { layer: LayerInstance }) {
  const { t } = useTranslation("canvas");
  const graph = String(layer.params.graph ?? "");
  const name = useDocumentSelector((content) => content.graphs[graph]?.name);
  const count = useDocumentSelector((content) => layerCount(content, graph));
  if (name === undefined) return t("model.missing");
  return (
    <Tooltip label={t("model.open")}>
      <span className={classes.model} data-testid="model-inside">
        <IconStack2 size={12} aria-hidden />
        <span className={classes.modelWords}>
          {name} · {t("model.layers", { count })}
        </span>
      </span>
    </Tooltip>
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

interface StartBadgeProps {
  id: string;
  layerId: string;
  layer: LayerInstance;
}

/** Values that a layer starts from: kept where they fit, or why it starts afresh. */
function StartBadge({ id, layerId, layer }: StartBadgeProps) {
  const start = useFacts((index) => index.startOf(layerId));
  return start || layer.weights ? <StartMark id={id} layer={layer} start={start} /> : null;
}

type StartMarkProps = Omit<StartBadgeProps, "layerId"> & { start: LayerStart | undefined };

function StartMark({ id, layer, start }: StartMarkProps) {
  const { t } = useTranslation("canvas");
  const whole = useDocumentSelector(({ training }) => training.weights !== null);
  // Where only single layers name values to start from, that others start afresh is nothing to tell.
  if (!layer.weights && start?.start === "afresh" && !whole) return null;
  const Icon = start?.start === "afresh" ? IconDatabaseOff : IconDatabaseImport;
  const words = start
    ? t(`weights.${start.start}`, { why: start.why })
    : t(`weights.${layer.weights?.source ?? "run"}`);
  return (
    <span
      className={classes.badge}
      title={words}
      data-testid={`weights-${id}`}
      data-start={start?.start}
      role="img"
      aria-label={words}
    >
      <Icon size={13} aria-hidden />
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

export interface PortsProps {
  id: string;
  ports: readonly Port[];
  type: "source" | "target";
  shapes?: Record<string, (number | null)[]>;
}

export function Ports({ id, ports, type, shapes }: PortsProps) {
  const { t } = useTranslation("canvas");
  const names = namePlaces(ports);
  const centers = portCenters(ports);
  return ports.map((port, index) => {
    const left = centers[index];
    const name = names[index];
    const shape = shapes?.[port.id];
    const title = [
      port.label,
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
          data-open={(port.optional && !port.wired) || undefined}
          data-stale={port.stale || undefined}
          title={title.join(" · ")}
        />
        {name && (
          <span
            className={classes.portName}
            style={{
              left,
              maxWidth: name.width,
              [type === "target" ? "top" : "bottom"]: FIRST_NAME + name.row * PORT_ROW,
            }}
            aria-hidden
          >
            {port.label}
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
