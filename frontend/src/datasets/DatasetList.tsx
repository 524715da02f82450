import { Badge, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconAlphabetLatin, IconCloudOff, IconPhoto, IconTable, IconTimeline } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useDatasets } from "@/api/datasets";
import { toApiError } from "@/api/errors";
import type { DatasetSummary } from "@/api/types";
import { formatCount, formatShape } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import classes from "./datasets.module.css";
import { UploadTable } from "./UploadTable";

const ICONS = {
  image: IconPhoto,
  table: IconTable,
  text: IconAlphabetLatin,
  sequence: IconTimeline,
} as const;
const SOURCES = ["csv", "bundled", "keras"] as const;

function DatasetCard({ dataset }: { dataset: DatasetSummary }) {
  const { t } = useTranslation("datasets");
  const Icon = ICONS[dataset.kind];
  const facts = [
    dataset.samples !== null && t("samples", { number: formatCount(dataset.samples) }),
    dataset.feature_shape && formatShape(dataset.feature_shape),
    dataset.classes !== null && t("classes", { number: dataset.classes }),
  ];
  return (
    <Link
      to={`/datasets/${encodeURIComponent(dataset.name)}`}
      className={classes.card}
      data-missing={!dataset.available || undefined}
      data-testid={`dataset-${dataset.name}`}
    >
      <Group gap={9} wrap="nowrap">
        <Icon size={20} stroke={1.6} style={{ flex: "none" }} />
        <Text fw={600} truncate="end">
          {dataset.title}
        </Text>
      </Group>
      <Text size="sm" c="dimmed" lineClamp={2}>
        {dataset.summary}
      </Text>
      <Text size="xs" c="dimmed" mt="auto">
        {facts.filter(Boolean).join(" · ")}
      </Text>
      <Group gap={6} mt={2}>
        <Badge size="sm" variant="default">
          {t(`kinds.${dataset.kind}`)}
        </Badge>
        {dataset.task && (
          <Badge size="sm" variant="default">
            {t(`tasks.${dataset.task}`)}
          </Badge>
        )}
        {!dataset.available && (
          <Badge size="sm" variant="light" color="orange" leftSection={<IconCloudOff size={12} />}>
            {t("notHere")}
          </Badge>
        )}
      </Group>
    </Link>
  );
}

/** Every data set by where it comes from, with the place to drop a table of one's own. */
export function DatasetList() {
  const { t } = useTranslation("datasets");
  useDocumentTitle(`${t("title")} · ${t("common:product")}`);
  const datasets = useDatasets();
  return (
    <div className={classes.page}>
      <Title order={1} fz={26}>
        {t("title")}
      </Title>
      <Text c="dimmed" size="sm" mb="lg" mt={4} maw={640}>
        {t("lead")}
      </Text>
      <Stack gap={30}>
        <UploadTable />
        {datasets.error && (
          <ErrorView error={toApiError(datasets.error)} onRetry={() => void datasets.refetch()} />
        )}
        {datasets.isPending && (
          <div className={classes.grid} role="status" aria-label={t("common:loading")}>
            {["a", "b", "c", "d", "e", "f"].map((key) => (
              <Skeleton key={key} height={132} radius="md" />
            ))}
          </div>
        )}
        {SOURCES.map((source) => {
          const found = datasets.data?.filter((dataset) => dataset.source === source) ?? [];
          if (found.length === 0) return null;
          return (
            <Stack key={source} gap="sm" component="section" aria-label={t(`sources.${source}`)}>
              <Text fw={600} size="sm" c="dimmed">
                {t(`sources.${source}`)}
              </Text>
              <div className={classes.grid}>
                {found.map((dataset) => (
                  <DatasetCard key={dataset.name} dataset={dataset} />
                ))}
              </div>
            </Stack>
          );
        })}
      </Stack>
    </div>
  );
}
