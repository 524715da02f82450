import { Button, FileButton, Group, Progress, Select, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import { useRuns } from "@/api/runs";
import type { WeightsFile } from "@/api/types";
import { useUploadWeights, useWeightsFiles } from "@/api/weights";
import { useDesignDocument, type Weights } from "@/document";
import { formatBytes, formatCompact } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { keyOf, optionsOf, weightsOf } from "./sources";

interface SourcePickerProps {
  label: string;
  value: Weights | null;
  readOnly: boolean;
  /** Word vectors fit too: the layer is an Embedding. */
  vectors?: boolean;
  testId: string;
  onChange: (weights: Weights | null) => void;
}

/** Where values come from: fresh ones, an earlier run, or a file, which may be uploaded here. */
export function SourcePicker({
  label,
  value,
  readOnly,
  vectors = false,
  testId,
  onChange,
}: SourcePickerProps) {
  const { t } = useTranslation("weights");
  const design = useDesignDocument();
  const runs = useRuns(design.id);
  const files = useWeightsFiles();
  const options = optionsOf(runs.data ?? [], files.data ?? [], {
    run: (run) => run.name || t("run", { number: run.number }),
    file: (file) => `${file.filename} · ${holds(file)}`,
  });
  function holds({ contents, bytes }: WeightsFile): string {
    return contents.kind === "vectors"
      ? t("words", { words: formatCompact(contents.words), dimensions: contents.dimensions })
      : t("layers", { count: contents.layers.length, size: formatBytes(bytes) });
  }
  const groups = [
    { group: t("group.runs"), items: options.runs },
    { group: t("group.files"), items: options.files },
    ...(vectors ? [{ group: t("group.vectors"), items: options.vectors }] : []),
  ].filter(({ items }) => items.length > 0);
  const key = keyOf(value);
  const known = groups.some(({ items }) => items.some((item) => item.value === key));
  return (
    <div>
      <Select
        size="xs"
        label={label}
        value={key}
        readOnly={readOnly}
        allowDeselect={false}
        searchable={groups.length > 0}
        data={[
          { value: "", label: t("fresh") },
          ...(key && !known ? [{ value: key, label: t(`unknown.${value?.source ?? "run"}`) }] : []),
          ...groups,
        ]}
        onChange={(picked) => onChange(weightsOf(picked ?? ""))}
        data-testid={testId}
      />
      {!readOnly && (
        <Upload
          words={t(vectors ? "uploadVectors" : "upload")}
          types={vectors ? `${WEIGHTS},${VECTORS}` : WEIGHTS}
          onDone={(file) => onChange({ source: "upload", id: file.id, layer: "" })}
        />
      )}
    </div>
  );
}

const WEIGHTS = ".h5,.hdf5,.keras";
const VECTORS = ".txt,.vec";

interface UploadProps {
  words: string;
  /** What files may be called, as a file chooser takes it. */
  types: string;
  onDone: (file: WeightsFile) => void;
}

function Upload({ words, types, onDone }: UploadProps) {
  const { t } = useTranslation("weights");
  const upload = useUploadWeights();
  const [sent, setSent] = useState(0);
  const stop = useRef<AbortController | null>(null);
  const begin = (file: File | null) => {
    if (!file) return;
    const control = new AbortController();
    stop.current = control;
    setSent(0);
    upload.mutate({ file, onProgress: setSent, signal: control.signal }, { onSuccess: onDone });
  };
  const cancelled = stop.current?.signal.aborted === true;
  return (
    <>
      {upload.isPending ? (
        <Group gap={8} mt={6} wrap="nowrap" role="status">
          <Progress
            flex={1}
            size="sm"
            value={Math.max(3, sent * 100)}
            animated={sent >= 1}
            aria-label={words}
          />
          <Text size="xs" c="dimmed">
            {t(sent < 1 ? "sending" : "reading")}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => stop.current?.abort()}>
            {t("common:cancel")}
          </Button>
        </Group>
      ) : (
        <FileButton onChange={begin} accept={types}>
          {(props) => (
            <Button
              {...props}
              mt={4}
              size="compact-xs"
              variant="subtle"
              leftSection={<IconUpload size={13} />}
              data-testid="weights-upload"
            >
              {words}
            </Button>
          )}
        </FileButton>
      )}
      {upload.error && !cancelled && <ErrorView error={toApiError(upload.error)} />}
    </>
  );
}
