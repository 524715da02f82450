import { Alert, Badge, Group, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { hasEnded } from "@/api/runs";
import type { RunDetail, RunSummary } from "@/api/types";
import { formatMoment } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { StateChip } from "@/ui/StateChip";
import { useDatasetTitle } from "@/ui/useDatasetTitle";
import { ArtifactList } from "./ArtifactList";
import { CodeList } from "./CodeList";
import { CurveToolbar } from "./CurveToolbar";
import { metricsOf } from "./curveTables";
import { FailurePanel } from "./FailurePanel";
import { LogPanel } from "./LogPanel";
import { MetricChart } from "./MetricChart";
import { ProgressPanel } from "./ProgressPanel";
import { ReportPanel } from "./ReportPanel";
import { RunCommands } from "./RunCommands";
import classes from "./runs.module.css";
import { useLiveRuns } from "./useLiveRuns";
import { useRunName } from "./useRunName";
import { useLook, useZoom } from "./viewState";

interface Props {
  run: RunDetail;
  runs: RunSummary[];
  compared: string[];
  places: ReadonlyMap<string, number>;
}

function Heading({ run }: { run: RunDetail }) {
  const { t } = useTranslation("runs");
  const name = useRunName()(run);
  const titleOf = useDatasetTitle();
  const facts = [
    run.version && t("ofVersion", { number: run.version.number }),
    run.dataset && t("onData", { dataset: titleOf(run.dataset) }),
    run.created_by && t("by", { name: run.created_by.name }),
    t("started", { when: formatMoment(run.started_at ?? run.created_at) }),
  ];
  return (
    <Group justify="space-between" align="flex-start">
      <div>
        <Group gap="sm">
          <Title order={1} fz={22}>
            {name}
          </Title>
          <StateChip state={run.state} size="lg" testId="run-state" />
        </Group>
        <Text size="sm" c="dimmed" mt={2}>
          {facts.filter(Boolean).join(" · ")}
        </Text>
      </div>
      <RunCommands id={run.id} state={run.state} role={run.role} />
    </Group>
  );
}

function Defaults({ defaults }: { defaults: Record<string, unknown> }) {
  const { t } = useTranslation("runs");
  const entries = Object.entries(defaults);
  if (entries.length === 0) return null;
  return (
    <Group gap={6}>
      <Text size="xs" c="dimmed">
        {t("defaults")}
      </Text>
      {entries.map(([key, value]) => (
        <Badge key={key} size="sm" variant="default" maw={360}>
          {key}: {typeof value === "string" ? value : JSON.stringify(value)}
        </Badge>
      ))}
    </Group>
  );
}

function Waiting({ run }: { run: RunDetail }) {
  const { t } = useTranslation("runs");
  if (hasEnded(run.state)) {
    return (
      <Text c="dimmed" size="sm">
        {t("noCurves")}
      </Text>
    );
  }
  const words = run.state === "queued" || run.state === "starting" ? run.state : "other";
  return (
    <Paper withBorder p="lg" role="status">
      <Group wrap="nowrap">
        <Loader size="sm" type="dots" />
        <div>
          <Text fw={600} size="sm">
            {t("waiting.title")}
          </Text>
          <Text size="sm" c="dimmed">
            {t(`waiting.${words}`)}
          </Text>
        </div>
      </Group>
    </Paper>
  );
}

/** One run, with others drawn into its charts: its state, its pace, its curves, its report, its files, its log. */
export function RunView({ run, runs, compared, places }: Props) {
  const { t } = useTranslation("runs");
  const nameOf = useRunName();
  const [look, setLook] = useLook();
  const [range, zoom] = useZoom(look.basis);
  const others = compared.filter((id) => id !== run.id && runs.some((other) => other.id === id));
  const live = useLiveRuns([run.id, ...others], look.basis === "batch" ? range : null);
  const own = live.find((one) => one.id === run.id);
  const version = live.reduce((sum, one) => sum + one.version, 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: names are made from the list of runs
  const names = useMemo(() => new Map(runs.map((one) => [one.id, nameOf(one)])), [runs]);
  const metrics = metricsOf(live);
  const hasCurves = live.some((one) => one.batch.size > 0 || one.epoch.size > 0);

  return (
    <Stack gap="md">
      <Heading run={run} />
      {own?.error && <ErrorView error={own.error} onRetry={() => own.refresh()} />}
      {(own?.connection === "lost" || own?.connection === "refused") && !own.error && (
        <Alert color="orange" py={8} icon={<IconPlugConnectedX size={17} />}>
          {t(`connection.${own.connection}`)}
        </Alert>
      )}
      <FailurePanel run={run} />
      <ProgressPanel run={run} live={own} />
      {run.started && <Defaults defaults={run.started.defaults} />}
      <CurveToolbar look={look} zoomed={range !== null} onLook={setLook} onResetZoom={() => zoom(null)} />
      {hasCurves ? (
        <div className={classes.charts}>
          {metrics.map((metric) => (
            <MetricChart
              key={metric}
              metric={metric}
              runs={live}
              version={version}
              names={names}
              places={places}
              look={look}
              range={range}
              onZoom={zoom}
            />
          ))}
        </div>
      ) : (
        <Waiting run={run} />
      )}
      <ReportPanel key={run.id} reports={run.reports} />
      <CodeList runId={run.id} />
      <div className={classes.charts}>
        <ArtifactList runId={run.id} artifacts={run.artifacts} />
        <LogPanel lines={own?.lines ?? []} />
      </div>
    </Stack>
  );
}
