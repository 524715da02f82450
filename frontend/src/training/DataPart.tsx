import { Badge, Button, Modal, Skeleton, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconDatabase, IconPhoto, IconTable, IconTextSize } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DatasetDescription, type DatasetSummary, toApiError, useDatasets } from "@/api";
import { useCanEdit, useCommands, useTraining } from "@/document";
import { formatCount, formatShape } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { useDatasetTitle } from "@/ui/useDatasetTitle";
import { ColumnsPart } from "./ColumnsPart";
import { DataPreview } from "./DataPreview";
import { Part } from "./Part";
import classes from "./training.module.css";

const KIND_ICONS = { image: IconPhoto, table: IconTable, text: IconTextSize, sequence: IconTextSize };
const SOURCES = ["bundled", "keras", "csv"] as const;

interface DataPartProps {
  data: DatasetDescription | null | undefined;
  loading: boolean;
  error: unknown;
}

/** The data set of the training: which one, what it holds, and a way to choose another. */
export function DataPart({ data, loading, error }: DataPartProps) {
  const { t } = useTranslation("training");
  const { dataset } = useTraining();
  const canEdit = useCanEdit();
  const datasets = useDatasets();
  const titleOf = useDatasetTitle();
  const [opened, picker] = useDisclosure(false);
  const chosen = datasets.data?.find((item) => item.name === dataset);

  return (
    <Part
      title={t("data.title")}
      aside={
        dataset && canEdit ? (
          <Button size="compact-xs" variant="subtle" data-testid="change-dataset" onClick={picker.open}>
            {t("data.change")}
          </Button>
        ) : null
      }
    >
      {dataset ? (
        <div className={classes.dataset} data-testid="chosen-dataset">
          <Text size="sm" fw={600}>
            {titleOf(dataset)}
          </Text>
          {chosen && (
            <Text size="xs" c="dimmed">
              {facts(chosen, t)}
            </Text>
          )}
          {data && (
            <>
              <DataPreview data={data} />
              <Text size="xs" c="dimmed">
                {t("data.split", {
                  train: formatCount(data.train_samples),
                  test: formatCount(data.test_samples),
                })}
              </Text>
            </>
          )}
          {data && chosen?.source === "csv" && <ColumnsPart data={data} />}
          {loading && !data && <Skeleton height={46} radius="sm" mt={6} />}
          {Boolean(error) && !data && <ErrorView error={toApiError(error)} />}
        </div>
      ) : canEdit ? (
        <QuickChoice datasets={datasets} onMore={picker.open} />
      ) : (
        <Text size="xs" c="dimmed">
          {t("data.none")}
        </Text>
      )}
      <Modal opened={opened} onClose={picker.close} title={t("data.choose")} size="lg">
        <DatasetPicker datasets={datasets} onPicked={picker.close} />
      </Modal>
    </Part>
  );
}

interface QuickChoiceProps {
  datasets: ReturnType<typeof useDatasets>;
  onMore: () => void;
}

/** The data that every installation has, one click away. */
function QuickChoice({ datasets, onMore }: QuickChoiceProps) {
  const { t } = useTranslation("training");
  const commands = useCommands();
  if (datasets.isError)
    return <ErrorView error={toApiError(datasets.error)} onRetry={() => void datasets.refetch()} />;
  const bundled = datasets.data?.filter((item) => item.source === "bundled");
  return (
    <>
      <Text size="xs" c="dimmed">
        {t("data.chooseHint")}
      </Text>
      {!bundled && <Skeleton height={180} radius="md" />}
      {bundled?.map((item) => {
        const Icon = KIND_ICONS[item.kind];
        return (
          <UnstyledButton
            key={item.name}
            className={classes.quick}
            data-testid={`dataset-${item.name}`}
            onClick={() => commands.setTraining(["dataset"], item.name)}
          >
            <Icon size={16} stroke={1.8} aria-hidden />
            <span className={classes.entryName}>{item.title}</span>
            <span className={classes.dim}>{target(item, t)}</span>
          </UnstyledButton>
        );
      })}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconDatabase size={15} />}
        data-testid="choose-dataset"
        onClick={onMore}
      >
        {t("data.more")}
      </Button>
    </>
  );
}

interface DatasetPickerProps {
  datasets: ReturnType<typeof useDatasets>;
  onPicked: () => void;
}

function DatasetPicker({ datasets, onPicked }: DatasetPickerProps) {
  const { t } = useTranslation("training");
  if (datasets.isError)
    return <ErrorView error={toApiError(datasets.error)} onRetry={() => void datasets.refetch()} />;
  if (!datasets.data) return <Skeleton height={240} />;
  return SOURCES.map((source) => {
    const items = datasets.data.filter((item) => item.source === source);
    return (
      <section key={source} className={classes.source}>
        <div className={classes.partTitle}>
          <h3>{t(`data.source.${source}`)}</h3>
          {source === "csv" && (
            <Button component={Link} to="/datasets" size="compact-xs" variant="subtle">
              {t("data.upload")}
            </Button>
          )}
        </div>
        {items.length === 0 && (
          <Text size="xs" c="dimmed">
            {t("data.noUploads")}
          </Text>
        )}
        <div className={classes.cards}>
          {items.map((item) => (
            <DatasetCard key={item.name} item={item} onPicked={onPicked} />
          ))}
        </div>
      </section>
    );
  });
}

function DatasetCard({ item, onPicked }: { item: DatasetSummary; onPicked: () => void }) {
  const { t } = useTranslation("training");
  const { dataset } = useTraining();
  const commands = useCommands();
  const Icon = KIND_ICONS[item.kind];
  const chosen = item.name === dataset;
  return (
    <UnstyledButton
      className={classes.card}
      aria-pressed={chosen}
      data-testid={`dataset-option-${item.name}`}
      onClick={() => {
        commands.setTraining(["dataset"], item.name);
        onPicked();
      }}
    >
      <span className={classes.cardHead}>
        <Icon size={16} stroke={1.8} aria-hidden />
        <Text size="sm" fw={600} truncate component="span">
          {item.title}
        </Text>
        {chosen && <IconCheck size={15} className={classes.check} aria-label={t("data.chosen")} />}
        {!item.available && (
          <Badge size="xs" variant="light" color="orange" className={classes.check}>
            {t("data.missing")}
          </Badge>
        )}
      </span>
      <Text size="xs" c="dimmed" lineClamp={2} component="span">
        {item.summary}
      </Text>
      <Text size="xs" component="span" className={classes.cardFacts}>
        {facts(item, t)}
      </Text>
      {!item.available && item.problem && (
        <Text size="xs" c="orange" component="span">
          {item.problem}
        </Text>
      )}
    </UnstyledButton>
  );
}

type Translate = (key: string, values?: Record<string, unknown>) => string;

/** What is to be predicted: `10 classes`, `predicts numbers`. */
function target(item: DatasetSummary, t: Translate): string | false {
  if (item.classes) return t("data.classes", { count: item.classes });
  return item.task === "regression" && t("data.numbers");
}

/** `1,797 samples · 8 × 8 × 1 · 10 classes` */
function facts(item: DatasetSummary, t: Translate): string {
  const parts = [
    item.samples === null
      ? null
      : t("data.samples", { count: item.samples, shown: formatCount(item.samples) }),
    item.feature_shape && formatShape(item.feature_shape),
    target(item, t),
  ];
  return parts.filter(Boolean).join(" · ");
}
