import { Alert, Anchor, Badge, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconArrowLeft, IconCloudOff, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useDatasetDescription, useDatasets, useDeleteDataset, useTableOptions } from "@/api/datasets";
import { toApiError } from "@/api/errors";
import type { DatasetDescription, DatasetSummary } from "@/api/types";
import { DatasetDetails } from "@/ui/DatasetDetails";
import { Empty } from "@/ui/Empty";
import { ErrorView } from "@/ui/ErrorView";
import { notifyDone, notifyError } from "@/ui/notify";
import classes from "./datasets.module.css";
import { TableOptions } from "./TableOptions";

function DeleteButton({ dataset }: { dataset: DatasetSummary }) {
  const { t } = useTranslation("datasets");
  const navigate = useNavigate();
  const remove = useDeleteDataset();
  const ask = () =>
    modals.openConfirmModal({
      title: t("deleteTitle", { name: dataset.title }),
      children: <Text size="sm">{t("deleteText")}</Text>,
      labels: { confirm: t("common:delete"), cancel: t("common:cancel") },
      confirmProps: { color: "red" },
      onConfirm: () =>
        remove.mutate(dataset.name, {
          onSuccess: () => {
            notifyDone(t("deleted", { name: dataset.title }));
            void navigate("/datasets");
          },
          onError: (thrown) => notifyError(toApiError(thrown)),
        }),
    });
  return (
    <Button size="xs" variant="subtle" color="red" leftSection={<IconTrash size={15} />} onClick={ask}>
      {t("delete")}
    </Button>
  );
}

function Options({
  dataset,
  description,
}: {
  dataset: DatasetSummary;
  description: DatasetDescription | undefined;
}) {
  const options = useTableOptions(dataset.name);
  if (options.error) return <ErrorView error={toApiError(options.error)} />;
  if (!options.data) return <Skeleton height={220} />;
  const { targets, features } = options.data;
  const columns = description?.columns.map((column) => column.name) ?? [...features, ...targets];
  return (
    <TableOptions
      key={JSON.stringify(options.data)}
      name={dataset.name}
      saved={options.data}
      columns={columns}
    />
  );
}

function Contents({ dataset }: { dataset: DatasetSummary }) {
  const description = useDatasetDescription(dataset.name, dataset.available);
  return (
    <Stack>
      {dataset.source === "csv" && <Options dataset={dataset} description={description.data} />}
      {description.error && !description.data ? (
        <ErrorView error={toApiError(description.error)} onRetry={() => void description.refetch()} />
      ) : description.data ? (
        <DatasetDetails description={description.data} />
      ) : (
        <Skeleton height={320} />
      )}
    </Stack>
  );
}

function Missing({ dataset, onLook }: { dataset: DatasetSummary; onLook: () => void }) {
  const { t } = useTranslation("datasets");
  return (
    <Alert color="orange" icon={<IconCloudOff size={18} />} title={t("placeTitle", { name: dataset.title })}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {dataset.problem}
        </Text>
        <Button size="xs" variant="default" onClick={onLook}>
          {t("look")}
        </Button>
      </Stack>
    </Alert>
  );
}

/** One data set: what it holds, or how to get it; for a table of one's own, also how it is read. */
export function DatasetView({ name }: { name: string }) {
  const { t } = useTranslation("datasets");
  const datasets = useDatasets();
  const dataset = datasets.data?.find((one) => one.name === name);
  useDocumentTitle(`${dataset?.title ?? t("title")} · ${t("common:product")}`);
  return (
    <div className={classes.page}>
      <Anchor component={Link} to="/datasets" size="sm">
        <IconArrowLeft size={15} style={{ verticalAlign: "-2px", marginRight: 4 }} />
        {t("back")}
      </Anchor>
      {datasets.error && (
        <ErrorView error={toApiError(datasets.error)} onRetry={() => void datasets.refetch()} />
      )}
      {datasets.isPending && <Skeleton height={300} mt="md" />}
      {datasets.data && !dataset && <Empty title={t("notFound", { name })} text={t("notFoundText")} />}
      {dataset && (
        <>
          <Group justify="space-between" mt={6}>
            <Group gap="sm">
              <Title order={1} fz={26}>
                {dataset.title}
              </Title>
              <Badge variant="default">{t(`kinds.${dataset.kind}`)}</Badge>
            </Group>
            {dataset.source === "csv" && <DeleteButton dataset={dataset} />}
          </Group>
          <Text c="dimmed" size="sm" mb="lg" mt={2}>
            {dataset.summary}
          </Text>
          {dataset.available ? (
            <Contents dataset={dataset} />
          ) : (
            <Missing dataset={dataset} onLook={() => void datasets.refetch()} />
          )}
        </>
      )}
    </div>
  );
}
