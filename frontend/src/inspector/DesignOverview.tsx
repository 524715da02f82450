import { Loader, Text, Textarea, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconSchema } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode, useShownGraph, useShownNodes } from "@/actions";
import type { Analysis, NodeAnalysis } from "@/api";
import { layerSpec } from "@/catalog";
import { layerCount, useCanEdit, useCommands, useDocumentSelector, useMeta } from "@/document";
import { formatBytes, formatCompact, formatCount } from "@/lib/format";
import { useDraft } from "@/ui/params";
import { useDiagnosed } from "./Diagnosed";
import { ShapeText } from "./Facts";
import classes from "./inspector.module.css";
import { GraphName } from "./NestedModel";
import { Section } from "./Section";

/** The design as a whole, while nothing is selected: its size, its inputs and its outputs. */
export function DesignOverview() {
  const { t } = useTranslation("inspector");
  const meta = useMeta();
  const { analysis, analyzing, byNode } = useDiagnosed();
  const id = useShownGraph();
  const graph = useDocumentSelector((content) => content.graphs[id]);
  const nodes = useShownNodes();
  const batchSize = useDocumentSelector((content) => content.training.fit.batch_size);
  const layers = useDocumentSelector((content) => content.layers);
  // As its card outside counts them: the ends of a nested model are none of its layers.
  const inside = useDocumentSelector((content) => layerCount(content, id));
  const count = graph ? inside : Object.keys(nodes).length;
  const empty = Object.keys(nodes).length === 0;
  const trainable = analysis?.trainable_params ?? 0;
  const total = analysis?.total_params ?? 0;

  function ends(marker: "input" | "output") {
    return Object.keys(nodes)
      .filter((id) => layerSpec(layers[nodes[id]?.layer ?? ""]?.class_name ?? "")?.marker === marker)
      .map((id) => ({ id, layer: layers[nodes[id]?.layer ?? ""] }))
      .sort(
        (a, b) =>
          Number(a.layer?.params.position ?? 0) - Number(b.layer?.params.position ?? 0) ||
          (a.id < b.id ? -1 : 1),
      );
  }

  return (
    <>
      <header className={classes.header}>
        <div className={classes.headline}>
          <span className={classes.badge} aria-hidden>
            <IconSchema size={18} stroke={1.8} />
          </span>
          <div className={classes.names}>
            <Text fw={600} truncate>
              {graph?.name ?? meta.name}
            </Text>
            <Text size="xs" c="dimmed">
              {t("overview.nodes", { count })}
            </Text>
          </div>
          {analyzing && !empty && <Loader size={14} aria-label={t("facts.checking")} />}
        </div>
      </header>
      <div className={classes.body}>
        {empty ? (
          <Text size="sm" c="dimmed">
            {t("overview.empty")}
          </Text>
        ) : (
          <>
            <dl className={classes.facts} data-testid="design-facts">
              <Fact
                label={t("facts.params")}
                value={analysis ? formatCount(graph ? sum(nodes, byNode, "params") : total) : "–"}
                testId="total-params"
              />
              <Fact
                label={t("facts.trainable")}
                value={
                  analysis ? formatCount(graph ? sum(nodes, byNode, "trainable_params") : trainable) : "–"
                }
              />
              {analysis && !graph && <Costs costs={analysis.costs} batchSize={batchSize} />}
            </dl>
            <Ends title={t("overview.inputs")} none={t("overview.noInput")} nodes={ends("input")} />
            <Ends title={t("overview.outputs")} none={t("overview.noOutput")} nodes={ends("output")} />
          </>
        )}
        {graph ? (
          <GraphName key={id} graph={id} name={graph.name} />
        ) : (
          <Description text={meta.description} />
        )}
        <Text size="xs" c="dimmed">
          {t("overview.hint")}
        </Text>
      </div>
    </>
  );
}

/** What the design costs: on disk, in one forward pass, and in memory while it trains with the chosen batch. */
function Costs({ costs, batchSize }: { costs: Analysis["costs"]; batchSize: number }) {
  const { t } = useTranslation("inspector");
  const { weights_bytes, flops, activation_bytes, training_bytes } = costs;
  return (
    <>
      <Fact label={t("facts.weights")} value={formatBytes(weights_bytes)} testId="weights-size" />
      {flops > 0 && (
        <Fact label={t("facts.flopsSample")} value={formatCompact(flops)} testId="design-flops" />
      )}
      {activation_bytes > 0 && (
        <Fact
          label={t("facts.memoryAt", { count: batchSize })}
          value={formatBytes(training_bytes)}
          testId="training-memory"
        />
      )}
    </>
  );
}

function sum(
  nodes: Readonly<Record<string, unknown>>,
  byNode: ReadonlyMap<string, NodeAnalysis>,
  what: "params" | "trainable_params",
): number {
  return Object.keys(nodes).reduce((total, id) => total + (byNode.get(id)?.[what] ?? 0), 0);
}

function Fact({ label, value, testId }: { label: string; value: string; testId?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-testid={testId}>{value}</dd>
    </div>
  );
}

interface EndsProps {
  title: string;
  none: string;
  nodes: { id: string; layer: { name: string } | undefined }[];
}

function Ends({ title, none, nodes }: EndsProps) {
  const { byNode } = useDiagnosed();
  return (
    <Section title={title}>
      {nodes.length === 0 && (
        <Text size="xs" c="dimmed">
          {none}
        </Text>
      )}
      {nodes.map(({ id, layer }) => {
        const facts = byNode.get(id);
        const shape =
          facts && (Object.values(facts.output_shapes)[0] ?? Object.values(facts.input_shapes)[0]);
        return (
          <UnstyledButton key={id} className={classes.end} onClick={() => focusNode(id)}>
            <span className={classes.endName}>{layer?.name}</span>
            {shape && <ShapeText shape={shape} />}
            <IconChevronRight size={14} className={classes.endArrow} aria-hidden />
          </UnstyledButton>
        );
      })}
    </Section>
  );
}

function Description({ text }: { text: string }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const draft = useDraft({
    value: text,
    format: String,
    parse: (typed) => ({ ok: true, value: typed }),
    commit: (value) => commands.setMeta(["description"], value ?? ""),
  });
  if (!canEdit && !text) return null;
  return (
    <Section title={t("overview.description")}>
      <Textarea
        size="xs"
        autosize
        minRows={2}
        maxRows={12}
        maxLength={10_000}
        value={draft.text}
        readOnly={!canEdit}
        placeholder={t("overview.describe")}
        aria-label={t("overview.description")}
        onChange={(event) => draft.change(event.currentTarget.value)}
        onFocus={draft.focus}
        onBlur={draft.blur}
      />
    </Section>
  );
}
