import { Group, Progress, Stack, Text } from "@mantine/core";
import { Dropzone, type FileRejection } from "@mantine/dropzone";
import { IconTableImport } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useUploadTable } from "@/api/datasets";
import { toApiError } from "@/api/errors";
import { formatBytes } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";

const MOST_BYTES = 100_000_000;

/** The place to drop a CSV file: shows how much is sent, then opens the table. */
export function UploadTable() {
  const { t } = useTranslation("datasets");
  const navigate = useNavigate();
  const upload = useUploadTable();
  const [file, setFile] = useState<File | null>(null);
  const [sent, setSent] = useState(0);
  const [rejected, setRejected] = useState<string | null>(null);

  const send = (chosen: File) => {
    setRejected(null);
    setFile(chosen);
    setSent(0);
    upload.mutate(
      { file: chosen, onProgress: setSent },
      { onSuccess: (table) => void navigate(`/datasets/${encodeURIComponent(table.name)}`) },
    );
  };
  const refuse = ([first]: FileRejection[]) => {
    if (!first) return;
    const tooLarge = first.errors.some((error) => error.code === "file-too-large");
    setRejected(t(tooLarge ? "tooLarge" : "wrongType", { name: first.file.name }));
  };

  return (
    <Stack gap="sm">
      <Dropzone
        onDrop={([chosen]) => chosen && send(chosen)}
        onReject={refuse}
        multiple={false}
        maxSize={MOST_BYTES}
        loading={false}
        disabled={upload.isPending}
        inputProps={{ "aria-label": t("upload"), ...{ "data-testid": "upload-table" } }}
        p="lg"
      >
        <Group gap="md" wrap="nowrap" style={{ pointerEvents: "none" }}>
          <IconTableImport size={32} stroke={1.3} style={{ flex: "none" }} />
          <div style={{ flex: 1, minWidth: 0 }}>
            {upload.isPending && file ? (
              <>
                <Text size="sm" fw={600} truncate="end">
                  {t(sent < 1 ? "uploading" : "reading", { name: file.name })}
                </Text>
                <Progress
                  mt={8}
                  value={Math.max(3, sent * 100)}
                  animated={sent >= 1}
                  aria-label={t("uploading", { name: file.name })}
                />
              </>
            ) : (
              <>
                <Text size="sm" fw={600}>
                  {t("dropTitle")}
                </Text>
                <Text size="xs" c="dimmed">
                  {t("dropText")}
                </Text>
              </>
            )}
          </div>
        </Group>
      </Dropzone>
      {rejected && (
        <ErrorView
          error={{ message: rejected, hint: t("rejectedHint", { size: formatBytes(MOST_BYTES) }) }}
        />
      )}
      {upload.error && <ErrorView error={toApiError(upload.error)} />}
    </Stack>
  );
}
