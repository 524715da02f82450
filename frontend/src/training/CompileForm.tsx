import { Badge, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DatasetDescription, NodeAnalysis } from "@/api";
import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";
import { type Metric, useCanEdit, useCommands, useDocumentSelector, useTraining } from "@/document";
import { ParamForm } from "@/ui/params";
import { type AutoChoice, autoChoice, type ModelEnd, modelEnds } from "./ends";
import { ObjectList } from "./ObjectList";
import { Part } from "./Part";
import classes from "./training.module.css";

const DEFAULT_OPTIMIZER = "Adam";

/** The loss that is left to Layerloom, where only its weight is chosen. */
const AUTO_LOSS = "auto";

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
  const outputs = modelEnds("output", nodes, layers);
  const { targets } = useTraining();
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
          auto={autoChoice(data, output.node, facts.get(output.node), targets[output.node])}
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
  output: ModelEnd;
  alone: boolean;
  auto: AutoChoice | null;
}

function OutputForm({ output, alone, auto }: OutputFormProps) {
  const { t } = useTranslation("training");
  const { losses, metrics, targets } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const loss = losses[output.node];
  const chosen = loss && loss.class_name !== AUTO_LOSS ? loss : undefined;
  const weight = loss?.weight ?? 1;
  const values: JsonObject = chosen
    ? { loss: { class_name: chosen.class_name, config: chosen.config ?? {} } }
    : {};
  if (weight !== 1) values.weight = weight;
  const target = targets[output.node] ?? "labels";
  if (target !== "labels") values.target = target;
  const path = ["losses", output.node];

  function set([name, ...rest]: string[], value: JsonValue) {
    if (name === "weight") weigh(Number(value));
    else if (name === "target") commands.setTraining(["targets", output.node], value);
    else if (rest.length > 0) commands.setTraining([...path, ...rest], value);
    else commands.setTraining(path, { ...(value as JsonObject), weight });
  }

  function unset([name, ...rest]: string[]) {
    if (name === "weight") weigh(1);
    else if (name === "target") commands.unsetTraining(["targets", output.node]);
    else if (rest.length > 0) commands.unsetTraining([...path, ...rest]);
    else if (weight === 1) commands.unsetTraining(path);
    else commands.setTraining(path, { class_name: AUTO_LOSS, config: {}, weight });
  }

  function weigh(next: number) {
    if (loss && (chosen || next !== 1)) commands.setTraining([...path, "weight"], next);
    else if (loss) commands.unsetTraining(path);
    else commands.setTraining(path, { class_name: AUTO_LOSS, config: {}, weight: next });
  }

  return (
    <div className={alone ? undefined : classes.output} data-testid={`train-output-${output.name}`}>
      {!alone && (
        <Text size="xs" fw={600} mb={2}>
          {output.name}
        </Text>
      )}
      <ParamForm
        specs={lossSpecs(auto, alone && weight === 1, t)}
        values={values}
        readOnly={!canEdit}
        onSet={set}
        onUnset={unset}
      />
      <Metrics node={output.node} metrics={metrics[output.node] ?? {}} auto={auto} />
    </div>
  );
}

function lossSpecs(auto: AutoChoice | null, alone: boolean, t: (key: string) => string): ParamSpec[] {
  const loss: ParamSpec = {
    name: "loss",
    kind: "object",
    object_kind: "losses",
    default: auto?.loss ?? t("auto.fitting"),
    help: t("loss.help"),
  };
  const weight: ParamSpec = { name: "weight", kind: "number", default: 1, help: t("loss.weightHelp") };
  const target: ParamSpec = {
    name: "target",
    kind: "choice",
    choices: ["labels", "inputs", "zeros"],
    default: "labels",
    help: t("loss.targetHelp"),
  };
  return alone ? [target, loss] : [target, loss, weight];
}

interface MetricsProps {
  node: string;
  metrics: Record<string, Metric>;
  auto: AutoChoice | null;
}

function Metrics({ node, metrics, auto }: MetricsProps) {
  const { t } = useTranslation("training");
  const path = ["metrics", node];
  return (
    <div className={classes.list}>
      <div className={classes.listHead}>
        <Text size="xs" fw={500}>
          {t("metrics.title")}
        </Text>
        {Object.keys(metrics).length === 0 && (
          <Tooltip label={t("metrics.autoHelp")}>
            <Badge size="sm" variant="light" color="gray">
              {auto ? t("auto.named", { name: auto.metric }) : t("auto.fitting")}
            </Badge>
          </Tooltip>
        )}
      </div>
      <ObjectList
        kind="metrics"
        path={path}
        entries={metrics}
        fresh={{ weighted: false }}
        offered={[{ value: ACCURACY, label: t("metrics.accuracy") }]}
        words={{
          add: t("metrics.add"),
          remove: (name) => t("metrics.remove", { name }),
          nothingFound: t("metrics.nothingFound"),
        }}
        further={(id, metric) => ({
          form: <Weighted path={[...path, id]} weighted={metric.weighted} />,
          note: metric.weighted ? t("metrics.weighted") : "",
        })}
      />
    </div>
  );
}

/** Whether a metric counts samples by their weights: an argument of `compile`, not of the metric. */
function Weighted({ path, weighted }: { path: string[]; weighted: boolean }) {
  const { t } = useTranslation("training");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const spec: ParamSpec = {
    name: "weighted",
    kind: "boolean",
    default: false,
    help: t("metrics.weightedHelp"),
  };
  return (
    <ParamForm
      specs={[spec]}
      scope="metric"
      values={weighted ? { weighted } : {}}
      readOnly={!canEdit}
      onSet={(_, value) => commands.setTraining([...path, "weighted"], value)}
      onUnset={() => commands.setTraining([...path, "weighted"], false)}
    />
  );
}
