import { Badge, Group, Paper, ScrollArea, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ColumnSpec, DatasetDescription, JsonValue } from "@/api/types";
import { formatCount, formatShape } from "@/lib/format";
import { Histogram } from "./Histogram";
import { PixelImage } from "./PixelImage";

function list(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function words(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Images({ preview, size }: { preview: Record<string, JsonValue>; size: number }) {
  const { t } = useTranslation("datasets");
  const labels = list(preview.labels);
  return (
    <Group gap={8}>
      {list(preview.images).map((image, index) => {
        const label = words(labels[index]);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an example is its place
          <Stack key={index} gap={2} align="center">
            <PixelImage image={image} label={t("imageLabel", { label })} size={size} />
            <Text size="xs" c="dimmed" maw={size + 8} truncate="end">
              {label}
            </Text>
          </Stack>
        );
      })}
    </Group>
  );
}

function Rows({ preview }: { preview: Record<string, JsonValue> }) {
  const columns = list(preview.columns);
  const rows = list(preview.rows);
  return (
    <ScrollArea type="auto">
      <Table fz="xs" withRowBorders verticalSpacing={4} highlightOnHover>
        {columns.length > 0 && (
          <Table.Thead>
            <Table.Tr>
              {columns.map((column, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <Table.Th key={index} style={{ whiteSpace: "nowrap" }}>
                  {words(column)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
        )}
        <Table.Tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
            <Table.Tr key={index}>
              {(Array.isArray(row) ? row : [row]).map((cell, place) => (
                <Table.Td
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                  key={place}
                  style={{ whiteSpace: columns.length > 0 ? "nowrap" : "normal", maxWidth: 560 }}
                >
                  {words(cell)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

/** The columns of a table: their types, what is missing, some values. */
export function ColumnTable({ columns }: { columns: ColumnSpec[] }) {
  const { t } = useTranslation("datasets");
  return (
    <ScrollArea type="auto">
      <Table fz="xs" verticalSpacing={4} miw={420}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("column.name")}</Table.Th>
            <Table.Th>{t("column.type")}</Table.Th>
            <Table.Th ta="right">{t("column.missing")}</Table.Th>
            <Table.Th ta="right">{t("column.distinct")}</Table.Th>
            <Table.Th>{t("column.examples")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {columns.map((column) => (
            <Table.Tr key={column.name}>
              <Table.Td fw={550}>{column.name}</Table.Td>
              <Table.Td>
                <Badge size="sm" variant="default">
                  {t(`types.${column.type}`)}
                </Badge>
              </Table.Td>
              <Table.Td ta="right" c={column.missing > 0 ? "orange" : undefined}>
                {formatCount(column.missing)}
              </Table.Td>
              <Table.Td ta="right">{column.distinct === null ? "" : formatCount(column.distinct)}</Table.Td>
              <Table.Td
                c="dimmed"
                maw={260}
                style={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}
              >
                {column.examples.join(", ")}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" fw={600}>
        {value}
      </Text>
    </div>
  );
}

function Facts({ description, compact }: Props) {
  const { t } = useTranslation("datasets");
  const { target } = description;
  const numbers = target.shape.at(-1) ?? 1;
  const predicted =
    target.kind === "classification"
      ? t("target.classification", { count: target.classes.length })
      : t(numbers > 1 ? "target.regression_many" : "target.regression", { count: numbers });
  return (
    <SimpleGrid cols={compact ? 3 : { base: 2, xs: 3, md: 6 }} spacing="sm" verticalSpacing={8}>
      <Fact name={t("unit.samples")} value={formatCount(description.samples)} />
      <Fact name={t("unit.train")} value={formatCount(description.train_samples)} />
      {description.validation_samples !== null && (
        <Fact name={t("unit.validation")} value={formatCount(description.validation_samples)} />
      )}
      <Fact name={t("unit.test")} value={formatCount(description.test_samples)} />
      {description.features.map((feature) => (
        <Fact
          key={feature.name}
          name={description.features.length > 1 ? feature.name : t("unit.input")}
          value={`${formatShape(feature.shape)} · ${feature.dtype}`}
        />
      ))}
      <Fact name={t("unit.target")} value={predicted} />
    </SimpleGrid>
  );
}

interface Props {
  description: DatasetDescription;
  /** For a narrow panel: less room, no table of columns. */
  compact?: boolean;
}

/** What a data set holds: counts, examples (pictures in a grid, tables as rows) and how the labels are spread. */
export function DatasetDetails({ description, compact = false }: Props) {
  const { t } = useTranslation("datasets");
  const { kind, preview, histogram, columns, notes, target } = description;
  const Frame = compact ? Stack : Paper;
  const frame = compact ? { gap: 4 } : { withBorder: true, p: "md" };
  return (
    <Stack gap="md" data-testid="dataset-details">
      <Facts description={description} compact={compact} />
      {notes.map((note) => (
        <Text key={note} size="sm" c="dimmed">
          {note}
        </Text>
      ))}
      <Frame {...frame}>
        <Text size="sm" fw={600} mb={8}>
          {t("preview")}
        </Text>
        {kind === "image" && preview.images ? (
          <Images preview={preview} size={compact ? 40 : 64} />
        ) : (
          <Rows preview={preview} />
        )}
      </Frame>
      {histogram.length > 0 && (
        <Frame {...frame}>
          <Text size="sm" fw={600} mb={8}>
            {t(target.kind === "classification" ? "histogram" : "histogramNumbers")}
          </Text>
          <Histogram
            bars={histogram}
            most={compact ? 20 : 50}
            moreLabel={(count) => t("histogramMore", { count })}
          />
        </Frame>
      )}
      {!compact && columns.length > 0 && (
        <Frame {...frame}>
          <Text size="sm" fw={600} mb={8}>
            {t("columns")}
          </Text>
          <ColumnTable columns={columns} />
        </Frame>
      )}
    </Stack>
  );
}
