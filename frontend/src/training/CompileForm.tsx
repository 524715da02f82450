import { ActionIcon, Badge, Select, Text, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DatasetDescription, NodeAnalysis } from "@/api";
import { type JsonObject, type JsonValue, objectSpec, objectsOf, type ParamSpec } from "@/catalog";
import { type Metric, useCanEdit, useCommands, useDocumentSelector, useTraining } from "@/document";
import { newId } from "@/document/names";
import { ParamForm, rankedFilter, renderObject } from "@/ui/params";
import { Configurable } from "./Configurable";
import { type AutoChoice, autoChoice, type TrainedOutput, trainedOutputs } from "./outputs";
import { Part } from "./Part";
import classes from "./training.module.css";

const DEFAULT_OPTIMIZER = "Adam";

/** The metric that Keras fits to the labels by itself; no class of its own. */
const ACCURACY = "accuracy";

interface CompileFormProps {
  data: DatasetDescription | null | undefined;
  /** What Keras says of each node. */
  facts: ReadonlyMap<string, NodeAnalysis>;
}

/** What `compile` receives: the optimizer, and for every output its loss and metrics. */
export function CompileForm({ data, facts }: CompileFormProps) {
  const { t } = useTranslation("training");
  const nodes = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const outputs = trainedOutputs(nodes, layers);
  return (
    <Part title={t("compile.title")}>
      <Optimizer />
      {outputs.length === 0 && (
        <Text size="xs" c="dimmed">
          {t("loss.noOutput")}
        </Text>
      )}
      {outputs.map((output) => (
        <OutputForm
          key={output.node}
          output={output}
          alone={outputs.length === 1}
          auto={autoChoice(data, facts.get(output.node))}
        />
      ))}
    </Part>
  );
}

function Optimizer() {
  const { t } = useTranslation("training");
  const { optimizer } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const spec: ParamSpec = {
    name: "optimizer",
    kind: "object",
    object_kind: "optimizers",
    default: DEFAULT_OPTIMIZER,
    help: t("optimizer.help"),
  };
  return (
    <ParamForm
      specs={[spec]}
      values={optimizer ? { optimizer: optimizer as unknown as JsonValue } : {}}
      readOnly={!canEdit}
      onSet={commands.setTraining}
      onUnset={commands.unsetTraining}
    />
  );
}

interface OutputFormProps {
  output: TrainedOutput;
  alone: boolean;
  auto: AutoChoice | null;
}

function OutputForm({ output, alone, auto }: OutputFormProps) {
  const { t } = useTranslation("training");
  const { losses, metrics } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const loss = losses[output.node];
  const values: JsonObject = loss ? { loss: { class_name: loss.class_name, config: loss.config ?? {} } } : {};
  if (loss && (loss.weight ?? 1) !== 1) values.weight = loss.weight;

  function set([name, ...rest]: string[], value: JsonValue) {
    if (name === "weight") commands.setTraining(["losses", output.node, "weight"], value);
    else if (rest.length > 0) commands.setTraining(["losses", output.node, ...rest], value);
    else
      commands.setTraining(["losses", output.node], { ...(value as JsonObject), weight: loss?.weight ?? 1 });
  }

  function unset([name, ...rest]: string[]) {
    if (name === "weight") commands.setTraining(["losses", output.node, "weight"], 1);
    else commands.unsetTraining(["losses", output.node, ...rest]);
  }

  return (
    <div className={alone ? undefined : classes.output} data-testid={`train-output-${output.name}`}>
      {!alone && (
        <Text size="xs" fw={600} mb={2}>
          {output.name}
        </Text>
      )}
      <ParamForm
        specs={lossSpecs(auto, Boolean(loss), alone, t)}
        values={values}
        readOnly={!canEdit}
        onSet={set}
        onUnset={unset}
      />
      <Metrics node={output.node} metrics={metrics[output.node] ?? {}} auto={auto} />
    </div>
  );
}

function lossSpecs(
  auto: AutoChoice | null,
  chosen: boolean,
  alone: boolean,
  t: (key: string) => string,
): ParamSpec[] {
  const loss: ParamSpec = {
    name: "loss",
    kind: "object",
    object_kind: "losses",
    default: auto?.loss ?? t("auto.fitting"),
    help: t("loss.help"),
  };
  const weight: ParamSpec = { name: "weight", kind: "number", default: 1, help: t("loss.weightHelp") };
  return chosen && !alone ? [loss, weight] : [loss];
}

interface MetricsProps {
  node: string;
  metrics: Record<string, Metric>;
  auto: AutoChoice | null;
}

function Metrics({ node, metrics, auto }: MetricsProps) {
  const { t } = useTranslation("training");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const ordered = Object.entries(metrics).sort(
    ([a, one], [b, other]) => (one.position ?? 0) - (other.position ?? 0) || (a < b ? -1 : 1),
  );
  const last = ordered.at(-1)?.[1].position ?? 0;

  function add(className: string) {
    const metric = { class_name: className, config: {}, weighted: false, position: last + 1 };
    commands.setTraining(["metrics", node, newId()], metric);
  }

  return (
    <div className={classes.list}>
      <div className={classes.listHead}>
        <Text size="xs" fw={500}>
          {t("metrics.title")}
        </Text>
        {ordered.length === 0 && (
          <Tooltip label={t("metrics.autoHelp")}>
            <Badge size="sm" variant="light" color="gray">
              {auto ? t("auto.named", { name: auto.metric }) : t("auto.fitting")}
            </Badge>
          </Tooltip>
        )}
      </div>
      {ordered.map(([id, metric]) => (
        <Configurable
          key={id}
          spec={metric.class_name === ACCURACY ? undefined : objectSpec("metrics", metric.class_name)}
          title={metric.class_name}
          config={metric.config ?? {}}
          readOnly={!canEdit}
          onSet={(path, value) => commands.setTraining(["metrics", node, id, "config", ...path], value)}
          onUnset={(path) => commands.unsetTraining(["metrics", node, id, "config", ...path])}
          action={
            canEdit && (
              <ActionIcon
                size={24}
                aria-label={t("metrics.remove", { name: metric.class_name })}
                onClick={() => commands.unsetTraining(["metrics", node, id])}
              >
                <IconTrash size={14} />
              </ActionIcon>
            )
          }
        />
      ))}
      {canEdit && (
        <Select
          size="xs"
          searchable
          value={null}
          data={[
            { value: ACCURACY, label: t("metrics.accuracy") },
            ...objectsOf("metrics").map((spec) => ({ value: spec.name, label: spec.name })),
          ]}
          placeholder={t("metrics.add")}
          aria-label={t("metrics.add")}
          data-testid="add-metric"
          filter={rankedFilter("metrics")}
          renderOption={renderObject("metrics")}
          comboboxProps={{ width: 320, position: "bottom-end" }}
          maxDropdownHeight={320}
          onChange={(name) => name && add(name)}
        />
      )}
    </div>
  );
}
