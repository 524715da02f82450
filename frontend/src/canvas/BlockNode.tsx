import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconExclamationCircleFilled, IconStack3 } from "@tabler/icons-react";
import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useEditorView } from "@/actions";
import type { Block } from "@/graph/blocks";
import { formatCompact, formatCount } from "@/lib/format";
import classes from "./canvas.module.css";
import type { CardPorts } from "./card";
import { blockColor, useColoring } from "./coloring";
import { type FactIndex, useFacts } from "./facts";
import { FarCard, type FlowNode, Ports } from "./LayerNode";
import { useCanvasState } from "./state";

/** A repeated block, drawn as one card: what it is called, how many layers it has and their parameters. */
export const BlockNode = memo(
  function BlockNode({ id, data, selected }: NodeProps<FlowNode>) {
    const far = useCanvasState((state) => state.far);
    if (far || !data.block) return <FarCard id={id} />;
    return <Card block={data.block} ports={data.ports} selected={selected} />;
  },
  (before, after) =>
    before.id === after.id && before.data === after.data && before.selected === after.selected,
);

/** The parameters of a block's layers. */
export function blockParams(index: FactIndex, block: Block): number {
  return block.nodes.reduce((sum, id) => sum + (index.of(id).analysis?.params ?? 0), 0);
}

function Card({ block, ports, selected }: { block: Block; ports: CardPorts; selected: boolean }) {
  const { t } = useTranslation("canvas");
  const params = useFacts((index) => blockParams(index, block));
  const faulty = useFacts((index) => block.nodes.some((id) => index.of(id).severity === "error"));
  const hit = useCanvasState((state) => {
    if (!state.hits) return undefined;
    return block.nodes.some((id) => state.hits?.has(id)) ? "hit" : "missed";
  });
  const canvas = useEditorView((view) => view.canvas);
  const coloring = useColoring();
  const color = useFacts((index) => {
    if (coloring.by === "type") return "";
    const members = block.nodes.map((id) => index.of(id));
    const [light, dark] = (["light", "dark"] as const).map((scheme) =>
      blockColor(coloring.by, members, coloring.largest, scheme),
    );
    return `light-dark(${light}, ${dark})`;
  });
  return (
    <div
      className={classes.card}
      style={
        color
          ? ({
              "--layer-color": color,
              "--layer-tint": `color-mix(in srgb, ${color} 18%, transparent)`,
            } as React.CSSProperties)
          : undefined
      }
      data-block
      data-testid={`node-${block.id}`}
      data-name={block.title}
      data-selected={selected || undefined}
      data-severity={faulty ? "error" : undefined}
      data-hit={hit}
      data-measured={coloring.by !== "type" || undefined}
    >
      <Ports id={block.id} ports={ports.inputs} type="target" />
      <span className={classes.icon} aria-hidden>
        <IconStack3 size={17} stroke={1.8} />
      </span>
      <span className={classes.words}>
        <span className={classes.top}>
          <span className={classes.title}>{block.title}</span>
          <span className={classes.badges}>
            {faulty && (
              <span className={classes.problem} data-severity="error">
                <IconExclamationCircleFilled size={16} aria-label={t("block.faulty")} />
              </span>
            )}
            {params > 0 && (
              <span
                className={classes.count}
                title={t("parameters", { count: params, params: formatCount(params) })}
              >
                {formatCompact(params)}
              </span>
            )}
          </span>
        </span>
        <span className={classes.summary}>
          {t("model.layers", { count: block.nodes.length })}
          {block.alike > 1 && ` · ${t("block.alike", { count: block.alike })}`}
        </span>
      </span>
      <Tooltip label={t("block.expand")}>
        <ActionIcon
          className={`${classes.expand} nodrag`}
          size={24}
          aria-label={t("block.expandNamed", { name: block.title })}
          data-testid={`expand-${block.id}`}
          onClick={() => canvas?.expand(block.id)}
        >
          <IconArrowsMaximize size={14} />
        </ActionIcon>
      </Tooltip>
      <Ports id={block.id} ports={ports.outputs} type="source" />
    </div>
  );
}
