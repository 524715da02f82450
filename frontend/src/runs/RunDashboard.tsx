import { Button, Skeleton, Stack } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconChartLine } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { toApiError } from "@/api/errors";
import { useRun, useRuns } from "@/api/runs";
import type { Role } from "@/api/types";
import { Empty } from "@/ui/Empty";
import { ErrorView } from "@/ui/ErrorView";
import { RunList } from "./RunList";
import { RunView } from "./RunView";
import classes from "./runs.module.css";
import { useCompared } from "./viewState";

interface Props {
  designId: string;
  designName: string;
  role: Role;
  /** The run to show; the newest one when it is not given. */
  runId: string | undefined;
}

/** The runs of a design: which there are, and how they go. */
export function RunDashboard({ designId, designName, role, runId }: Props) {
  const { t } = useTranslation("runs");
  useDocumentTitle(`${t("title")} · ${designName} · ${t("common:product")}`);
  const runs = useRuns(designId);
  const currentId = runId ?? runs.data?.[0]?.id ?? null;
  const run = useRun(currentId);
  const [compared, show] = useCompared();
  // The oldest run has the first colour, so that a new run does not repaint the others.
  const places = useMemo(
    () => new Map([...(runs.data ?? [])].reverse().map((one, index) => [one.id, index])),
    [runs.data],
  );

  // What is known stays on the page while the server is away.
  if (runs.error && !runs.data) {
    return <ErrorView error={toApiError(runs.error)} onRetry={() => void runs.refetch()} />;
  }
  if (runs.data?.length === 0 && !runId) {
    return (
      <Empty icon={<IconChartLine size={44} stroke={1.2} />} title={t("empty.title")} text={t("empty.text")}>
        <Button component={Link} to={`/designs/${designId}`}>
          {t("empty.button")}
        </Button>
      </Empty>
    );
  }
  return (
    <div className={classes.layout}>
      <aside className={classes.side}>
        <RunList
          designId={designId}
          runs={runs.data ?? []}
          currentId={currentId}
          compared={compared}
          places={places}
          role={role}
          onShow={show}
        />
      </aside>
      <div className={classes.main}>
        {run.error && !run.data ? (
          <ErrorView error={toApiError(run.error)} onRetry={() => void run.refetch()} />
        ) : run.data ? (
          <RunView run={run.data} runs={runs.data ?? []} compared={compared} places={places} />
        ) : (
          <Stack role="status" aria-label={t("common:loading")}>
            <Skeleton height={44} width={320} />
            <Skeleton height={170} />
            <Skeleton height={280} />
          </Stack>
        )}
      </div>
    </div>
  );
}
