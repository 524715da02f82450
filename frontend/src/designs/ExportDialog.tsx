import {
  Alert,
  Button,
  Group,
  Modal,
  Progress,
  Select,
  Stack,
  Text,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { exportAddress } from "@/api/exports";
import { hasEnded, useRuns } from "@/api/runs";
import { useIsVisitor } from "@/api/session";
import type { RunSummary } from "@/api/types";
import { formatDuration, formatMetric } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import classes from "./designs.module.css";
import { ExportResult } from "./ExportResult";
import { type Choice, choiceSpec, GROUPS, isForVisitors, isPicture } from "./exportFormats";
import { useExport } from "./useExport";

interface ExportDialogProps {
  designId: string;
  designName: string;
  /** Draw the canvas and hand it to the browser; none where there is no canvas. */
  savePicture?: (kind: "svg" | "png") => void;
}

/** Take a design along: as a model, as code, for another runtime, or as a picture. */
export function ExportDialog(props: ExportDialogProps) {
  const { t } = useTranslation("designs");
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconDownload size={15} />}
        onClick={() => setOpened(true)}
        data-testid="export-open"
      >
        {t("export.button")}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} size={820} title={t("export.title")}>
        {opened && <ExportBody {...props} />}
      </Modal>
    </>
  );
}

function ExportBody({ designId, designName, savePicture }: ExportDialogProps) {
  const { t } = useTranslation("designs");
  const visitor = useIsVisitor();
  const [choice, setChoice] = useState<Choice>(visitor ? "design" : "keras");
  const [run, setRun] = useState<string | null>(null);
  const { now, start, cancel } = useExport(designId);
  const spec = choiceSpec(choice);
  const offered = (one: Choice) =>
    (!visitor || isForVisitors(one)) && (!isPicture(one) || savePicture !== undefined);
  const choose = (one: Choice) => {
    cancel();
    setChoice(one);
  };
  const begin = () => {
    if (isPicture(choice)) savePicture?.(choice === "canvas_svg" ? "svg" : "png");
    else start(choice, spec.weights ? run : null);
  };
  return (
    <div className={classes.export}>
      <nav className={classes.formats} aria-label={t("export.label")}>
        {GROUPS.map(({ name, choices }) => {
          const shown = choices.filter((one) => offered(one.choice));
          return shown.length === 0 ? null : (
            <section key={name}>
              <Text size="xs" c="dimmed" fw={600} component="h3" m={0} mb={2} px={8}>
                {t(`export.group.${name}`)}
              </Text>
              {shown.map(({ choice: one, icon: Icon }) => (
                <UnstyledButton
                  key={one}
                  className={classes.format}
                  aria-pressed={one === choice}
                  onClick={() => choose(one)}
                  data-testid={`export-${one}`}
                >
                  <Icon size={17} stroke={1.6} aria-hidden />
                  {t(`export.format.${one}`)}
                </UnstyledButton>
              ))}
            </section>
          );
        })}
      </nav>
      <Stack gap="sm" className={classes.exportDetail}>
        <div>
          <Title order={3} fz={16}>
            {t(`export.format.${choice}`)}
          </Title>
          <Text size="sm" c="dimmed" mt={2}>
            {t(`export.about.${choice}`)}
          </Text>
        </div>
        {spec.weights && (
          <RunChoice designId={designId} run={run} busy={now.state === "working"} onChange={setRun} />
        )}
        {now.state === "working" ? (
          <Working since={now.since} onCancel={cancel} />
        ) : now.state === "done" ? (
          <ExportResult exported={now.exported} name={designName} suffix={spec.suffix} />
        ) : choice === "design" ? (
          <Group>
            <Button
              component="a"
              href={exportAddress(designId, "design")}
              download
              leftSection={<IconDownload size={16} />}
              data-testid="export-start"
            >
              {t("export.download", { file: spec.suffix })}
            </Button>
          </Group>
        ) : (
          <>
            {now.state === "failed" && <ErrorView error={now.error} />}
            <Group>
              <Button onClick={begin} data-testid="export-start">
                {t(
                  isPicture(choice)
                    ? "export.draw"
                    : now.state === "failed"
                      ? "export.again"
                      : "export.write",
                )}
              </Button>
            </Group>
            {!isPicture(choice) && (
              <Text size="xs" c="dimmed">
                {t("export.promise")}
              </Text>
            )}
          </>
        )}
      </Stack>
    </div>
  );
}

function Working({ since, onCancel }: { since: number; onCancel: () => void }) {
  const { t } = useTranslation("designs");
  const [seconds, setSeconds] = useState(0);
  const clock = useInterval(() => setSeconds((Date.now() - since) / 1000), 500);
  useEffect(() => {
    clock.start();
    return clock.stop;
  }, [clock.start, clock.stop]);
  return (
    <Stack gap="xs" role="status" data-testid="export-working">
      <Progress value={100} animated aria-label={t("export.working")} />
      <Text size="sm">{t("export.working")}</Text>
      <Text size="xs" c="dimmed">
        {t("export.workingText", { time: formatDuration(Math.floor(seconds)) })}
      </Text>
      <Group>
        <Button variant="default" size="xs" onClick={onCancel} data-testid="export-cancel">
          {t("common:cancel")}
        </Button>
      </Group>
    </Stack>
  );
}

function best(run: RunSummary): string {
  const [name, value] =
    Object.entries(run.logs ?? {}).find(([key]) => key.startsWith("val_") && key !== "val_loss") ??
    Object.entries(run.logs ?? {}).find(([key]) => key.endsWith("loss")) ??
    [];
  return name ? `${name} ${formatMetric(value)}` : "";
}

interface RunChoiceProps {
  designId: string;
  run: string | null;
  busy: boolean;
  onChange: (run: string | null) => void;
}

/** Whose values the file holds: fresh ones, or those of a run. */
function RunChoice({ designId, run, busy, onChange }: RunChoiceProps) {
  const { t } = useTranslation("designs");
  const { data } = useRuns(designId);
  const usable = (data ?? []).filter((one) => hasEnded(one.state) && one.epoch);
  if (usable.length === 0) return <Alert color="gray">{t("export.noRuns")}</Alert>;
  const label = (one: RunSummary) =>
    [one.name || t("export.run", { number: one.number }), one.dataset, best(one)].filter(Boolean).join(" · ");
  return (
    <Select
      label={t("export.values")}
      value={run ?? ""}
      disabled={busy}
      allowDeselect={false}
      data={[
        { value: "", label: t("export.fresh") },
        ...usable.map((one) => ({ value: one.id, label: label(one) })),
      ]}
      onChange={(value) => onChange(value || null)}
      data-testid="export-run"
    />
  );
}
