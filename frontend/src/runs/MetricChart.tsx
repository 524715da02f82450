import { Group, Paper, Text, useComputedColorScheme } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { valueAt } from "@/lib/align";
import { formatCount, formatMetric, metricTitle } from "@/lib/format";
import { LineChart, type LineStyle } from "@/ui/LineChart";
import { runColor, validationColor } from "./colors";
import { type Line, type Look, tableOf } from "./curveTables";
import type { LiveRun, Range } from "./liveRun";
import classes from "./runs.module.css";

interface Props {
  metric: string;
  runs: LiveRun[];
  /** Changes when any of the runs has something new. */
  version: number;
  names: ReadonlyMap<string, string>;
  /** The place of each run in the list, which gives it its colour. */
  places: ReadonlyMap<string, number>;
  look: Look;
  range: Range | null;
  onZoom: (range: Range | null) => void;
}

function useStyles(lines: Line[], props: Props, alone: boolean): LineStyle[] {
  const { t } = useTranslation("runs");
  const isDark = useComputedColorScheme("light") === "dark";
  return lines.map((line) => {
    const own = runColor(alone ? 0 : (props.places.get(line.runId) ?? 0), isDark);
    const isValidation = line.split === "validation";
    const split = t(`split.${line.split}`);
    return {
      key: line.key,
      label: alone ? split : `${props.names.get(line.runId) ?? ""} · ${split}`,
      color: alone && isValidation ? validationColor(isDark) : own,
      width: line.raw ? 1 : isValidation ? 2 : 1.7,
      opacity: line.raw ? 0.28 : 1,
      dash: isValidation && !alone ? [6, 4] : undefined,
      dots: isValidation || props.look.basis === "epoch",
    };
  });
}

/** One metric of one or more runs: training and validation in one chart, with the values under the pointer. */
export const MetricChart = memo(function MetricChart(props: Props) {
  const { metric, runs, version, look, range, onZoom } = props;
  const { t } = useTranslation("runs");
  const [row, setRow] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the runs change in place, `version` says when
  const table = useMemo(() => tableOf(runs, metric, look), [runs, version, metric, look]);
  const styles = useStyles(table.lines, props, runs.length === 1);
  const [steps] = table.columns;
  const at = row === null || row >= steps.length ? steps.length - 1 : row;
  const title = metricTitle(metric);

  return (
    <Paper withBorder p="md" pb="xs" data-testid={`chart-${metric}`} data-points={table.points}>
      <Group justify="space-between" align="baseline" wrap="nowrap" mb={2}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <Text size="xs" c="dimmed" className={classes.step}>
          {at >= 0 && t(`at.${look.basis}`, { step: formatCount(steps[at] ?? 0) })}
        </Text>
      </Group>
      <div className={classes.legend}>
        {table.lines.map((line, index) => {
          const style = styles[index];
          const column = table.columns[index + 1] as (number | null)[];
          // The value that was measured is shown, never the smoothed one.
          if (line.raw || !style) return null;
          const rawIndex = table.lines.findIndex((other) => other.key === `${line.key}-raw`);
          const measured = rawIndex >= 0 ? (table.columns[rawIndex + 1] as (number | null)[]) : column;
          return (
            <span key={line.key} className={classes.legendItem}>
              <span
                className={classes.swatch}
                style={{ borderTopColor: style.color, borderTopStyle: style.dash ? "dashed" : "solid" }}
              />
              <span className={classes.legendLabel}>{style.label}</span>
              <b>{formatMetric(valueAt(measured, at))}</b>
            </span>
          );
        })}
      </div>
      <LineChart
        lines={styles}
        columns={table.columns}
        logarithmic={look.logarithmic}
        range={range}
        group={`runs-${look.basis}`}
        label={t("chartLabel", { metric: title, count: table.points })}
        onZoom={onZoom}
        onHover={setRow}
      />
    </Paper>
  );
});
