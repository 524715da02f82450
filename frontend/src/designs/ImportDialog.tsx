import { Badge, Button, Group, Modal, Progress, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useImportDesign } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { LayerReport } from "@/api/types";
import { ErrorView } from "@/ui/ErrorView";

const COLORS = { ok: "teal", converted: "yellow", placeholder: "orange" } as const;
const OUTCOMES = ["ok", "converted", "placeholder"] as const;

function Report({ layers }: { layers: LayerReport[] }) {
  const { t } = useTranslation("designs");
  // What needs a look comes first.
  const sorted = [...layers].sort((a, b) => OUTCOMES.indexOf(b.outcome) - OUTCOMES.indexOf(a.outcome));
  return (
    <Stack gap="xs">
      <Text size="sm">{t("import.summary")}</Text>
      <Group gap={6}>
        {OUTCOMES.map((outcome) => {
          const count = layers.filter((layer) => layer.outcome === outcome).length;
          return count === 0 ? null : (
            <Badge key={outcome} color={COLORS[outcome]} variant="light">
              {t(`import.${outcome}`, { count })}
            </Badge>
          );
        })}
      </Group>
      <ScrollArea.Autosize mah={320} type="auto">
        <Table fz="xs" stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("import.layer")}</Table.Th>
              <Table.Th>{t("import.class")}</Table.Th>
              <Table.Th>{t("import.outcome")}</Table.Th>
              <Table.Th>{t("import.note")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sorted.map((layer) => (
              <Table.Tr key={layer.name}>
                <Table.Td>{layer.name}</Table.Td>
                <Table.Td>{layer.class_name}</Table.Td>
                <Table.Td>
                  <Badge size="sm" variant="dot" color={COLORS[layer.outcome]}>
                    {t(`import.outcomes.${layer.outcome}`)}
                  </Badge>
                </Table.Td>
                <Table.Td>{layer.note}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </Stack>
  );
}

/** Imports `file` as soon as it is given, then shows what became of each layer. */
export function ImportDialog({ file, onClose }: { file: File | null; onClose: () => void }) {
  const { t } = useTranslation("designs");
  const navigate = useNavigate();
  const { mutate, data, error, reset } = useImportDesign();
  const [sent, setSent] = useState(0);
  const started = useRef<File | null>(null);

  useEffect(() => {
    if (file === null || started.current === file) return;
    started.current = file;
    reset();
    setSent(0);
    mutate({ file, onProgress: setSent });
  }, [file, mutate, reset]);

  const name = file?.name ?? "";
  const title = error ? "import.failed" : data ? "import.title" : "import.uploading";
  return (
    <Modal opened={file !== null} onClose={onClose} size="lg" title={t(title, { name })}>
      {error ? (
        <ErrorView error={toApiError(error)} />
      ) : data ? (
        <Stack>
          <Report layers={data.layers} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:close")}
            </Button>
            <Button
              onClick={() => {
                onClose();
                void navigate(`/designs/${data.design.id}`);
              }}
              data-testid="import-open"
            >
              {t("import.open")}
            </Button>
          </Group>
        </Stack>
      ) : (
        <Progress
          value={Math.max(4, sent * 100)}
          animated={sent >= 1}
          aria-label={t("import.uploading", { name })}
        />
      )}
    </Modal>
  );
}
