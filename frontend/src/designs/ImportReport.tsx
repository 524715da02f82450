import { Badge, Chip, Group, ScrollArea, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LayerReport } from "@/api/types";
import { countOf, filterReport, type ImportReport, OUTCOMES, type Outcome } from "./importReports";

const COLORS: Record<Outcome, string> = { ok: "teal", converted: "yellow", placeholder: "orange" };
/** Rows that a browser draws without a pause. */
const MOST_ROWS = 500;

interface ReportTableProps {
  report: ImportReport;
  /** What can be done about a layer, such as mapping a placeholder. */
  action?: (layer: LayerReport) => ReactNode;
}

/** What became of each layer of a file. */
export function ReportTable({ report, action }: ReportTableProps) {
  const { t } = useTranslation("designs");
  const { layers, notes } = report;
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [query, setQuery] = useState("");
  const found = useMemo(() => filterReport(layers, new Set(outcomes), query), [layers, outcomes, query]);
  return (
    <Stack gap="xs" data-testid="import-report">
      <Group justify="space-between" gap="xs">
        <Chip.Group multiple value={outcomes} onChange={(value) => setOutcomes(value as Outcome[])}>
          <Group gap={6}>
            {OUTCOMES.filter((outcome) => countOf(layers, outcome) > 0).map((outcome) => (
              <Chip
                key={outcome}
                value={outcome}
                size="xs"
                color={COLORS[outcome]}
                data-testid={`import-${outcome}`}
              >
                {t(`import.${outcome}`, { count: countOf(layers, outcome) })}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {layers.length > 8 && (
          <TextInput
            size="xs"
            w={190}
            leftSection={<IconSearch size={14} />}
            placeholder={t("import.find")}
            aria-label={t("import.find")}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        )}
      </Group>
      {notes.map((note) => (
        <Text key={note} size="xs" c="dimmed">
          {note}
        </Text>
      ))}
      <ScrollArea.Autosize mah={340} type="auto">
        <Table fz="xs" stickyHeader miw={420}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("import.layer")}</Table.Th>
              <Table.Th>{t("import.class")}</Table.Th>
              <Table.Th>{t("import.outcome")}</Table.Th>
              <Table.Th>{t("import.note")}</Table.Th>
              {action && <Table.Th aria-label={t("import.action")} />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.slice(0, MOST_ROWS).map((layer, index) => (
              // Layers of several nested models may have one name, and their order stays.
              // biome-ignore lint/suspicious/noArrayIndexKey: the only thing that tells them apart
              <Table.Tr key={`${layer.name} ${index}`}>
                <Table.Td>{layer.name}</Table.Td>
                <Table.Td>{layer.class_name}</Table.Td>
                <Table.Td style={{ whiteSpace: "nowrap" }}>
                  <Badge size="sm" variant="dot" color={COLORS[layer.outcome]} miw="max-content">
                    {t(`import.outcomes.${layer.outcome}`)}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  {layer.note}
                  {layer.line > 0 && (
                    <Text size="xs" c="dimmed">
                      {t("import.line", { line: layer.line })}
                    </Text>
                  )}
                </Table.Td>
                {action && <Table.Td>{action(layer)}</Table.Td>}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {found.length > MOST_ROWS && (
        <Text size="xs" c="dimmed">
          {t("import.more", { count: found.length - MOST_ROWS })}
        </Text>
      )}
      {found.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("import.noneFound")}
        </Text>
      )}
    </Stack>
  );
}
