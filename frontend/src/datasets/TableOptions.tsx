import {
  Button,
  Group,
  MultiSelect,
  NumberInput,
  Paper,
  Select,
  SimpleGrid,
  Slider,
  Stack,
  Switch,
  Text,
} from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSaveTableOptions } from "@/api/datasets";
import { toApiError } from "@/api/errors";
import type { CsvOptions } from "@/api/types";
import { formatPercent } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { notifyDone } from "@/ui/notify";

const MISSING = ["drop", "mean", "median", "most_frequent", "error"] as const;
const TASKS = ["auto", "classification", "regression"] as const;
const DELIMITERS = [
  [",", "comma"],
  [";", "semicolon"],
  ["\t", "tab"],
  ["|", "pipe"],
  [" ", "space"],
] as const;
const MOST_KEPT_APART = 0.9;

interface FormProps {
  options: CsvOptions;
  columns: string[];
  set: (change: Partial<CsvOptions>) => void;
}

function ColumnsPart({ options, columns, set }: FormProps) {
  const { t } = useTranslation("datasets");
  const free = columns.filter((column) => !options.targets.includes(column));
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <MultiSelect
        label={t("options.targets")}
        description={t("options.targetsText")}
        data={columns}
        value={options.targets}
        onChange={(targets) =>
          set({ targets, features: options.features.filter((column) => !targets.includes(column)) })
        }
        error={options.targets.length === 0 ? t("options.noTarget") : undefined}
        searchable
        hidePickedOptions
        data-testid="table-targets"
      />
      <MultiSelect
        label={t("options.features")}
        description={t("options.featuresAll")}
        placeholder={options.features.length === 0 ? t("options.featuresAll") : undefined}
        data={free}
        value={options.features}
        onChange={(features) => set({ features })}
        searchable
        clearable
        hidePickedOptions
      />
      <Select
        label={t("options.task")}
        data={TASKS.map((value) => ({ value, label: t(`options.tasks.${value}`) }))}
        value={options.task}
        allowDeselect={false}
        onChange={(task) => task && set({ task: task as CsvOptions["task"] })}
      />
      <Select
        label={t("options.missing")}
        data={MISSING.map((value) => ({ value, label: t(`options.missings.${value}`) }))}
        value={options.missing}
        allowDeselect={false}
        onChange={(missing) => missing && set({ missing: missing as CsvOptions["missing"] })}
      />
      <Switch
        label={t("options.standardize")}
        description={t("options.standardizeText")}
        checked={options.standardize}
        onChange={(event) => set({ standardize: event.currentTarget.checked })}
      />
      <Switch
        label={t("options.oneHot")}
        description={t("options.oneHotText")}
        checked={options.one_hot}
        onChange={(event) => set({ one_hot: event.currentTarget.checked })}
      />
    </SimpleGrid>
  );
}

function SplitPart({ options, set }: FormProps) {
  const { t } = useTranslation("datasets");
  const { validation_fraction: validation, test_fraction: test } = options;
  const slider = (label: string, value: number, onChange: (value: number) => void) => (
    <div>
      <Group justify="space-between">
        <Text size="sm">{label}</Text>
        <Text size="sm" fw={600}>
          {formatPercent(value)}
        </Text>
      </Group>
      <Slider
        min={0}
        max={0.5}
        step={0.01}
        value={value}
        onChange={onChange}
        label={null}
        thumbLabel={label}
      />
    </div>
  );
  return (
    <Stack gap={8}>
      <Text size="sm" fw={600}>
        {t("options.split")}
      </Text>
      <Text size="xs" c="dimmed">
        {t("options.splitText", {
          train: formatPercent(1 - validation - test),
          validation: formatPercent(validation),
          test: formatPercent(test),
        })}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {slider(t("options.validation"), validation, (value) =>
          set({ validation_fraction: Math.min(value, MOST_KEPT_APART - test) }),
        )}
        {slider(t("options.test"), test, (value) =>
          set({ test_fraction: Math.min(value, MOST_KEPT_APART - validation) }),
        )}
      </SimpleGrid>
    </Stack>
  );
}

function FilePart({ options, set }: FormProps) {
  const { t } = useTranslation("datasets");
  const known = DELIMITERS.map(([value, word]) => ({ value, label: t(`options.delimiters.${word}`) }));
  const data = known.some(({ value }) => value === options.delimiter)
    ? known
    : [...known, { value: options.delimiter, label: options.delimiter }];
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} style={{ alignItems: "end" }}>
      <Select
        label={t("options.delimiter")}
        data={data}
        value={options.delimiter}
        allowDeselect={false}
        onChange={(delimiter) => delimiter && set({ delimiter })}
      />
      <NumberInput
        label={t("options.seed")}
        value={options.seed}
        min={0}
        max={2 ** 31 - 1}
        allowDecimal={false}
        onChange={(seed) => typeof seed === "number" && set({ seed })}
      />
      <Switch
        pb={8}
        label={t("options.header")}
        checked={options.header}
        onChange={(event) => set({ header: event.currentTarget.checked })}
      />
    </SimpleGrid>
  );
}

interface Props {
  name: string;
  saved: CsvOptions;
  columns: string[];
}

/** How an uploaded table is read: what to predict, what to do with gaps, how to split. */
export function TableOptions({ name, saved, columns }: Props) {
  const { t } = useTranslation("datasets");
  const [options, setOptions] = useState(saved);
  const save = useSaveTableOptions(name);
  const set = (change: Partial<CsvOptions>) => setOptions((before) => ({ ...before, ...change }));
  const changed = JSON.stringify(options) !== JSON.stringify(saved);
  return (
    <Paper withBorder p="md" component="section" aria-label={t("options.title")}>
      <Stack>
        <Text size="sm" fw={600}>
          {t("options.title")}
        </Text>
        <ColumnsPart options={options} columns={columns} set={set} />
        <SplitPart options={options} columns={columns} set={set} />
        <FilePart options={options} columns={columns} set={set} />
        {save.error && <ErrorView error={toApiError(save.error)} />}
        <Group justify="flex-end">
          <Button
            disabled={!changed || options.targets.length === 0}
            loading={save.isPending}
            onClick={() => save.mutate(options, { onSuccess: () => notifyDone(t("options.saved")) })}
            data-testid="table-apply"
          >
            {t("options.save")}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
