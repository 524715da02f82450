import { Anchor, Progress, Text } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { hasEnded, useRun, useRuns } from "@/api/runs";
import type { Logs } from "@/api/types";
import { formatMetric } from "@/lib/format";
import { Sparkline } from "@/ui/Sparkline";
import { StateChip } from "@/ui/StateChip";
import { paceOf } from "./progress";
import { RunCommands } from "./RunCommands";
import classes from "./runs.module.css";
import { useLiveRuns } from "./useLiveRuns";
import { useRunName } from "./useRunName";

/** The loss and, where there is one, the accuracy; of validation when it is known. */
function headline(logs: Logs | null): [string, string][] {
  const shown = ["loss", "accuracy", "val_accuracy"].filter((name) => logs && name in logs);
  return shown.map((name) => [name, formatMetric(logs?.[name])]);
}

/** The latest run of a design in one line, live; nothing when there is none. */
export function RunStrip({ designId }: { designId: string }) {
  const { t } = useTranslation("runs");
  const nameOf = useRunName();
  const runs = useRuns(designId);
  const latest = runs.data?.[0] ?? null;
  const run = useRun(latest?.id ?? null).data;
  const [live] = useLiveRuns(latest ? [latest.id] : []);
  if (!latest || !run) return null;
  const pace = paceOf(run, live);
  const ofEpoch = live?.logs ?? run.logs;
  const fresh = hasEnded(run.state) ? ofEpoch : { ...ofEpoch, ...live?.batchLogs };
  return (
    <section
      className={classes.strip}
      aria-label={t("strip.label")}
      data-testid="run-line"
      data-run={latest.number}
    >
      <Text size="sm" fw={600} truncate="end" visibleFrom="sm" className={classes.stripName}>
        {nameOf(latest)}
      </Text>
      <StateChip state={run.state} testId="run-state" />
      <Progress
        className={classes.stripProgress}
        value={pace.done * 100}
        size="sm"
        color={run.state === "failed" || run.state === "lost" ? "red" : undefined}
        animated={run.state === "running"}
        aria-label={t("progress.label")}
      />
      <Text size="xs" c="dimmed" visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
        {pace.epoch} / {pace.epochs}
      </Text>
      {headline(fresh).map(([name, value]) => (
        <Text key={name} size="xs" visibleFrom="md" style={{ whiteSpace: "nowrap" }}>
          <Text span c="dimmed" size="xs">
            {name}{" "}
          </Text>
          <b>{value}</b>
        </Text>
      ))}
      <Sparkline values={live?.batch.get("loss")?.y ?? []} label={t("strip.loss")} />
      <div className={classes.stripGap} />
      <RunCommands id={run.id} state={run.state} role={run.role} compact />
      <Anchor
        component={Link}
        to={`/designs/${designId}/runs/${run.id}`}
        size="sm"
        data-testid="run-dashboard"
        style={{ whiteSpace: "nowrap" }}
      >
        <IconChartLine size={16} style={{ verticalAlign: "-3px", marginRight: 4 }} />
        {t("strip.dashboard")}
      </Anchor>
    </section>
  );
}
