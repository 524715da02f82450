import { Group, Paper, ScrollArea, Stack, Table, Tabs, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JsonValue, ReportEvent } from "@/api/types";
import { formatCount, formatMetric } from "@/lib/format";
import { ConfusionMatrix } from "./ConfusionMatrix";
import classes from "./runs.module.css";
import { ScatterPlot } from "./ScatterPlot";
import { StatTile } from "./StatTile";

const COLUMNS = ["precision", "recall", "f1", "support"] as const;

function show(column: string, value: JsonValue | undefined): string {
  if (typeof value !== "number") return "–";
  return column === "support" ? formatCount(value) : value.toFixed(3);
}

function PerClass({ report }: { report: ReportEvent }) {
  const { t } = useTranslation("runs");
  return (
    <ScrollArea.Autosize mah={420} type="auto">
      <Table fz="sm" stickyHeader verticalSpacing={5} miw={360}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("report.class")}</Table.Th>
            {COLUMNS.map((column) => (
              <Table.Th key={column} ta="right">
                {t(`report.${column}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.per_class.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a class is its place; two may have one name
            <Table.Tr key={index}>
              <Table.Td>{report.classes[index] ?? String(index)}</Table.Td>
              {COLUMNS.map((column) => (
                <Table.Td key={column} ta="right">
                  {show(column, row[column])}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

function SplitReport({ report }: { report: ReportEvent }) {
  const { t } = useTranslation("runs");
  return (
    <Stack gap="md" pt="md">
      <Text size="sm" c="dimmed">
        {t(`report.${report.split}Text`, { number: formatCount(report.samples) })}
      </Text>
      <div className={classes.stats}>
        {Object.entries(report.metrics).map(([metric, value]) => (
          <StatTile
            key={metric}
            label={metric}
            value={formatMetric(value)}
            number={Number(value)}
            testId={`${report.split}-report-${metric.replaceAll("_", "-")}`}
          />
        ))}
      </div>
      {report.kind === "classification" ? (
        <Group align="flex-start" gap={36}>
          {report.confusion.length > 0 && (
            <div style={{ maxWidth: "100%" }} data-testid="confusion-matrix">
              <Text fw={600} size="sm">
                {t("report.confusion")}
              </Text>
              <ConfusionMatrix classes={report.classes} confusion={report.confusion} />
            </div>
          )}
          {report.per_class.length > 0 && (
            <div style={{ flex: "1 1 340px", minWidth: 0 }}>
              <Text fw={600} size="sm" mb={4}>
                {t("report.perClass")}
              </Text>
              <PerClass report={report} />
            </div>
          )}
        </Group>
      ) : (
        <div>
          <Text fw={600} size="sm">
            {t("report.scatter")}
          </Text>
          <Text size="xs" c="dimmed" mb={6}>
            {t("report.scatterText")}
          </Text>
          <ScatterPlot points={report.points} />
        </div>
      )}
    </Stack>
  );
}

/** The closing report, validation and test each under its own name, never mixed. */
export function ReportPanel({ reports }: { reports: ReportEvent[] }) {
  const { t } = useTranslation("runs");
  const splits = (["validation", "test"] as const).flatMap((split) =>
    reports.filter((report) => report.split === split).slice(-1),
  );
  const first = splits[0];
  if (!first) return null;
  return (
    <Paper withBorder p="md" component="section" aria-label={t("report.title")} data-testid="run-report">
      <Text fw={600} size="sm" mb={6}>
        {t("report.title")}
      </Text>
      <Tabs defaultValue={first.split} keepMounted={false}>
        <Tabs.List>
          {splits.map(({ split }) => (
            <Tabs.Tab key={split} value={split} data-testid={`report-${split}`}>
              {t(`split.${split}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {splits.map((report) => (
          <Tabs.Panel key={report.split} value={report.split}>
            <SplitReport report={report} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
}
