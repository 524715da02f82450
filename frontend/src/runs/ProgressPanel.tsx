import { Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { hasEnded } from "@/api/runs";
import type { RunDetail } from "@/api/types";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatMetric,
  formatPercent,
} from "@/lib/format";
import type { LiveRun } from "./liveRun";
import { paceOf } from "./progress";
import classes from "./runs.module.css";
import { StatTile } from "./StatTile";

function known(value: number | null | undefined, show: (value: number) => string): string {
  return value === null || value === undefined ? "–" : show(value);
}

function Pace({ run, live }: Props) {
  const { t } = useTranslation("runs");
  const progress = live?.progress ?? run.progress;
  const ended = hasEnded(run.state);
  const rate = progress?.learning_rate;
  return (
    <div className={classes.stats}>
      {ended ? (
        <StatTile label={t("progress.elapsed")} value={known(run.duration_seconds, formatDuration)} />
      ) : (
        <StatTile label={t("progress.eta")} value={known(progress?.eta_seconds, formatDuration)} />
      )}
      <StatTile
        label={t("progress.stepTime")}
        value={known(progress?.step_ms, (ms) =>
          t("progress.stepTimeValue", { value: Number(ms.toPrecision(3)) }),
        )}
      />
      <StatTile
        label={t("progress.speed")}
        value={known(progress?.samples_per_second, (speed) => formatCount(speed))}
      />
      <StatTile
        label={t("progress.learningRate")}
        value={known(rate, (value) => String(Number(value.toPrecision(3))))}
      />
      {!ended && (
        <>
          <StatTile
            label={t("progress.cpu")}
            value={known(progress?.cpu_percent, (cpu) => `${Math.round(cpu)} %`)}
          />
          <StatTile label={t("progress.memory")} value={known(progress?.memory_bytes, formatBytes)} />
        </>
      )}
      {run.started && (
        <>
          <StatTile
            label={t("progress.samples")}
            hint={t("progress.samplesHint")}
            value={t("progress.samplesValue", {
              train: formatCompact(run.started.train_samples),
              validation: formatCompact(run.started.validation_samples),
              test: formatCompact(run.started.test_samples),
            })}
          />
          <StatTile label={t("progress.parameters")} value={formatCompact(run.started.parameters)} />
        </>
      )}
    </div>
  );
}

interface Props {
  run: RunDetail;
  live: LiveRun | undefined;
}

/** How far a run is, how fast it goes, and the metrics of its last epoch. */
export function ProgressPanel({ run, live }: Props) {
  const { t } = useTranslation("runs");
  const pace = paceOf(run, live);
  const logs = live?.logs ?? run.logs;
  const going = run.state === "running" || run.state === "starting";
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text size="sm" fw={600} data-testid="run-epoch">
            {t("progress.epoch", { epoch: pace.epoch, epochs: pace.epochs })}
          </Text>
          <Text size="xs" c="dimmed">
            {t("progress.step", { step: formatCount(pace.step) })} · {formatPercent(pace.done)}
          </Text>
        </Group>
        <Progress
          value={pace.done * 100}
          size="sm"
          color={run.state === "failed" || run.state === "lost" ? "red" : undefined}
          striped={going}
          animated={going}
          aria-label={t("progress.label")}
        />
        <Pace run={run} live={live} />
        {logs && (
          <div
            className={classes.stats}
            style={{ borderTop: "1px solid var(--loom-border)", paddingTop: 10 }}
          >
            {Object.entries(logs).map(([metric, value]) => (
              <StatTile
                key={metric}
                label={metric}
                value={formatMetric(value)}
                testId={metric.replaceAll("_", "-")}
                number={Number(value)}
              />
            ))}
          </div>
        )}
      </Stack>
    </Paper>
  );
}
