import { Anchor, Button, Loader, Text } from "@mantine/core";
import { IconArrowRight, IconCircleCheck, IconPlayerPlayFilled } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import {
  type Preflight,
  toApiError,
  useDatasetDescription,
  useDiagnostics,
  usePreflight,
  useStartRun,
} from "@/api";
import { useCatalog } from "@/catalog";
import {
  type SaveState,
  useCanEdit,
  useCommands,
  useDesignDocument,
  useSaveState,
  useTraining,
} from "@/document";
import { ErrorView } from "@/ui/ErrorView";
import { AdvancedPart } from "./AdvancedPart";
import { CallbackList } from "./CallbackList";
import { CompileForm } from "./CompileForm";
import { DataPart } from "./DataPart";
import { FitForm } from "./FitForm";
import { PreflightList } from "./PreflightList";
import classes from "./training.module.css";

/** From data to a run: the data set, what `compile` and `fit` receive, what does not fit yet, and Train. */
export function TrainPanel({ start }: { start?: ReactNode }) {
  const { t } = useTranslation("training");
  const { dataset } = useTraining();
  const { endGesture } = useCommands();
  const design = useDesignDocument();
  const diagnostics = useDiagnostics(design.id);
  const description = useDatasetDescription(dataset);
  const canEdit = useCanEdit();
  // Only somebody who may train asks whether it would go.
  const preflight = usePreflight(design.id, diagnostics.digest, canEdit && diagnostics.digest !== "");
  useCatalog();
  return (
    <section
      className={classes.panel}
      aria-label={t("title")}
      data-testid="train-panel"
      onBlur={() => endGesture()}
    >
      <div className={classes.scroll}>
        <DataPart data={description.data} loading={description.isLoading} error={description.error} />
        {start}
        <CompileForm data={preflight.data?.dataset ?? description.data} facts={diagnostics.byNode} />
        <FitForm data={description.data} />
        <CallbackList />
        <AdvancedPart />
      </div>
      <Launch preflight={preflight} />
    </section>
  );
}

function Launch({ preflight }: { preflight: ReturnType<typeof usePreflight> }) {
  const { t } = useTranslation("training");
  const design = useDesignDocument();
  const { dataset } = useTraining();
  const canEdit = useCanEdit();
  const save = useSaveState();
  const start = useStartRun(design.id);
  const { mutate } = start;
  const [wanted, setWanted] = useState(false);
  const reason = blocked({ canEdit, dataset, save, preflight: preflight.data });
  const failure = start.error ? toApiError(start.error) : null;

  // The run is made from what the server has stored, so it starts once the last edit is saved.
  useEffect(() => {
    if (!wanted || save !== "saved") return;
    setWanted(false);
    mutate();
  }, [wanted, save, mutate]);

  return (
    <div className={classes.launch}>
      <Checks preflight={preflight} />
      {failure && <ErrorView error={failure} />}
      {failure && failure.problems.length > 0 && <PreflightList problems={failure.problems} />}
      {start.data && !failure && (
        <div className={classes.started} role="status">
          <Text size="xs">{t("started", { number: start.data.number })}</Text>
          <Anchor
            component={Link}
            to={`/designs/${design.id}/runs/${start.data.id}`}
            size="xs"
            className={classes.startedLink}
            data-testid="run-dashboard-link"
          >
            {t("watch")}
            <IconArrowRight size={13} aria-hidden />
          </Anchor>
        </div>
      )}
      <Button
        fullWidth
        size="md"
        leftSection={<IconPlayerPlayFilled size={16} />}
        loading={start.isPending || wanted}
        disabled={reason !== null}
        data-testid="train-button"
        aria-describedby="train-reason"
        onClick={() => setWanted(true)}
      >
        {t("train")}
      </Button>
      <Text
        id="train-reason"
        size="xs"
        c="dimmed"
        ta="center"
        className={classes.reason}
        data-testid="train-reason"
      >
        {reason ? t(`blocked.${reason}`) : t("trainHint")}
      </Text>
    </div>
  );
}

function Checks({ preflight }: { preflight: ReturnType<typeof usePreflight> }) {
  const { t } = useTranslation("training");
  const { dataset } = useTraining();
  if (preflight.isError && !preflight.data)
    return <ErrorView error={toApiError(preflight.error)} onRetry={() => void preflight.refetch()} />;
  if (!dataset || !preflight.data) return null;
  const { problems, ready } = preflight.data;
  if (problems.length > 0) return <PreflightList problems={problems} />;
  return (
    <div className={classes.ready} role="status" data-testid="preflight-ready">
      {preflight.isFetching ? (
        <Loader size={13} />
      ) : (
        <IconCircleCheck size={15} color="var(--mantine-color-teal-text)" aria-hidden />
      )}
      <Text size="xs">{t(ready ? "preflight.ready" : "preflight.checking")}</Text>
    </div>
  );
}

interface Circumstances {
  canEdit: boolean;
  dataset: string | null;
  save: SaveState;
  preflight: Preflight | undefined;
}

/** Why Train cannot be pressed now; null when it can. */
export function blocked({ canEdit, dataset, save, preflight }: Circumstances): string | null {
  if (!canEdit) return "viewer";
  if (save === "offline") return "offline";
  if (save === "loading") return "loading";
  if (dataset === null) return "noData";
  if (preflight && !preflight.ready) return "problems";
  return null;
}
