import { MultiSelect, Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DatasetDescription } from "@/api";
import { type Task, useCanEdit, useCommands, useDocumentSelector, useTraining } from "@/document";
import { type ModelEnd, modelEnds } from "./ends";
import classes from "./training.module.css";

const TASKS: readonly Task[] = ["classification", "regression"];

/**
 * Which columns of a table each Input takes and each Output learns. A model of one Input and one Output takes what the
 * table itself says, and has no need of this.
 */
export function ColumnsPart({ data }: { data: DatasetDescription }) {
  const { t } = useTranslation("training");
  const nodes = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const { columns, tasks, targets } = useTraining();
  const inputs = modelEnds("input", nodes, layers);
  const outputs = modelEnds("output", nodes, layers).filter(
    ({ node }) => (targets[node] ?? "labels") === "labels",
  );
  const chosen = [...inputs, ...outputs].some(({ node }) => columns[node] || tasks[node]);
  if (inputs.length < 2 && outputs.length < 2 && !chosen) return null;
  return (
    <fieldset className={classes.columns} data-testid="columns">
      <Text component="legend" size="xs" fw={600}>
        {t("columns.title")}
      </Text>
      {inputs.map((input) => (
        <Columns key={input.node} end={input} data={data} placeholder={t("columns.features")} />
      ))}
      {outputs.map((output) => (
        <div key={output.node} className={classes.learned}>
          <Columns end={output} data={data} placeholder={t("columns.target")} />
          <TaskOf output={output} />
        </div>
      ))}
    </fieldset>
  );
}

interface ColumnsProps {
  end: ModelEnd;
  data: DatasetDescription;
  placeholder: string;
}

function Columns({ end, data, placeholder }: ColumnsProps) {
  const { t } = useTranslation("training");
  const { columns } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const value = columns[end.node] ?? [];
  const offered = data.columns.map(({ name, type }) => ({
    value: name,
    label: t("columns.column", { name, type: t(`columns.type.${type}`) }),
  }));
  const gone = value.filter((name) => !data.columns.some((column) => column.name === name));
  return (
    <MultiSelect
      size="xs"
      label={t("columns.of", { name: end.name })}
      placeholder={value.length === 0 ? placeholder : undefined}
      data={[...offered, ...gone.map((name) => ({ value: name, label: t("columns.gone", { name }) }))]}
      value={value}
      onChange={(names) => {
        if (names.length > 0) commands.setTraining(["columns", end.node], names);
        else commands.unsetTraining(["columns", end.node]);
      }}
      readOnly={!canEdit}
      searchable
      clearable
      hidePickedOptions
      limit={200}
      data-testid={`columns-${end.name}`}
    />
  );
}

/** Whether an Output learns classes or numbers, where its column could be either. */
function TaskOf({ output }: { output: ModelEnd }) {
  const { t } = useTranslation("training");
  const { tasks } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  return (
    <Select
      size="xs"
      label={t("columns.task")}
      aria-label={t("columns.taskOf", { name: output.name })}
      placeholder={t("columns.auto")}
      data={TASKS.map((task) => ({ value: task, label: t(`columns.tasks.${task}`) }))}
      value={tasks[output.node] ?? null}
      onChange={(task) => {
        if (task) commands.setTraining(["tasks", output.node], task);
        else commands.unsetTraining(["tasks", output.node]);
      }}
      readOnly={!canEdit}
      clearable
      data-testid={`task-${output.name}`}
    />
  );
}
