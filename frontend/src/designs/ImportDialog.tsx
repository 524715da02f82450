import { Button, Group, Modal, Progress, Stack, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { faultOf, useRunBlocked, useSandbox } from "@/api/code";
import { useImportDesign } from "@/api/designs";
import { toApiError } from "@/api/errors";
import { formatBytes, formatPercent } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { ReportTable } from "./ImportReport";
import { keepReport } from "./importReports";
import { ScriptFault } from "./ScriptFault";

interface ImportDialogProps {
  /** Imported as soon as it is given. */
  file: File | null;
  onClose: () => void;
}

/** From a file to a design: how far it is, then what became of each layer, or the place that keeps it from being read. */
export function ImportDialog({ file, onClose }: ImportDialogProps) {
  const { t } = useTranslation("designs");
  const navigate = useNavigate();
  const { mutate, data, error, reset, isPending } = useImportDesign();
  const [sent, setSent] = useState(0);
  const [running, setRunning] = useState(false);
  const started = useRef<File | null>(null);
  const stop = useRef<AbortController | null>(null);

  const start = useCallback(
    (chosen: File, run: boolean) => {
      reset();
      setSent(0);
      setRunning(run);
      const control = new AbortController();
      stop.current = control;
      mutate(
        { file: chosen, run, onProgress: setSent, signal: control.signal },
        {
          onSuccess: ({ design, layers, notes }) =>
            keepReport(design.id, { filename: chosen.name, layers, notes: notes }),
        },
      );
    },
    [mutate, reset],
  );
  useEffect(() => {
    if (file === null) {
      started.current = null;
      return;
    }
    if (started.current === file) return;
    started.current = file;
    start(file, false);
  }, [file, start]);

  const close = () => {
    stop.current?.abort();
    onClose();
  };
  const name = file?.name ?? "";
  const title = error ? "import.failed" : data ? "import.title" : "import.uploading";
  return (
    <Modal
      opened={file !== null}
      onClose={close}
      size="xl"
      title={t(title, { name })}
      closeOnClickOutside={!isPending}
    >
      {error && file ? (
        <Refused file={file} error={error} onClose={close} onRun={running ? null : () => start(file, true)} />
      ) : data ? (
        <Stack>
          <Text size="sm">{t(data.layers.length > 0 ? "import.summary" : "import.whole")}</Text>
          {data.layers.length > 0 && (
            <ReportTable report={{ filename: name, layers: data.layers, notes: data.notes }} />
          )}
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {data.layers.length > 0 && t("import.kept")}
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={close}>
                {t("common:close")}
              </Button>
              <Button
                onClick={() => {
                  close();
                  void navigate(`/designs/${data.design.id}`);
                }}
                data-testid="import-open"
                data-autofocus
              >
                {t("import.open")}
              </Button>
            </Group>
          </Group>
        </Stack>
      ) : (
        <Stack gap="xs" role="status">
          <Progress
            value={Math.max(3, sent * 100)}
            animated={sent >= 1}
            aria-label={t("import.uploading", { name })}
          />
          <Text size="xs" c="dimmed">
            {sent < 1
              ? t("import.sending", { part: formatPercent(sent), size: formatBytes(file?.size ?? 0) })
              : t(running ? "import.run.running" : "import.reading")}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" size="xs" onClick={close} data-testid="import-cancel">
              {t("common:cancel")}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

interface RefusedProps {
  file: File;
  error: Error;
  onClose: () => void;
  /** Imports the script by running it; null when that was tried. */
  onRun: (() => void) | null;
}

/** Why a file is refused; of a script, with the lines around the place and the offer to run it. */
export function Refused({ file, error, onClose, onRun }: RefusedProps) {
  const { t } = useTranslation("designs");
  const refusal = toApiError(error);
  const fault = file.name.endsWith(".py") ? faultOf(refusal) : null;
  return (
    <Stack>
      <ErrorView error={refusal} />
      {fault && <ScriptFault file={file} line={fault.line} column={fault.column} />}
      {onRun && refusal.code === "not_python" ? (
        <RunOffer onClose={onClose} onRun={onRun} />
      ) : (
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:close")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The other way to have a script's model: what running it means, or why that is not to be had here. */
function RunOffer({ onClose, onRun }: { onClose: () => void; onRun: () => void }) {
  const { t } = useTranslation("designs");
  const blocked = useRunBlocked();
  const sandbox = useSandbox();
  return (
    <>
      <Text size="sm" role="note" data-testid="import-run-note">
        {t(blocked ? `import.run.why.${blocked}` : "import.run.help")}{" "}
        {blocked === "sandbox" && sandbox.data?.reason}
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t("common:close")}
        </Button>
        {!blocked && (
          <Button leftSection={<IconPlayerPlay size={16} />} onClick={onRun} data-testid="import-run">
            {t("import.run.action")}
          </Button>
        )}
      </Group>
    </>
  );
}
