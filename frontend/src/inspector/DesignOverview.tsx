import { Loader, Text, Textarea, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconSchema } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import { layerSpec } from "@/catalog";
import { useCanEdit, useCommands, useDocumentSelector, useMeta } from "@/document";
import { formatBytes, formatCount } from "@/lib/format";
import { useDraft } from "@/ui/params";
import { useDiagnosed } from "./Diagnosed";
import { ShapeText } from "./Facts";
import classes from "./inspector.module.css";
import { Section } from "./Section";

const BYTES_PER_WEIGHT = 4;

/** The design as a whole, while nothing is selected: its size, its inputs and its outputs. */
export function DesignOverview() {
  const { t } = useTranslation("inspector");
  const meta = useMeta();
  const { analysis, analyzing } = useDiagnosed();
  const nodes = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const count = Object.keys(nodes).length;
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
              {meta.name}
            </Text>
            <Text size="xs" c="dimmed">
              {t("overview.nodes", { count })}
            </Text>
          </div>
          {analyzing && count > 0 && <Loader size={14} aria-label={t("facts.checking")} />}
        </div>
      </header>
      <div className={classes.body}>
        {count === 0 ? (
          <Text size="sm" c="dimmed">
            {t("overview.empty")}
          </Text>
        ) : (
          <>
            <dl className={classes.facts} data-testid="design-facts">
              <Fact
                label={t("facts.params")}
                value={analysis ? formatCount(total) : "–"}
                testId="total-params"
              />
              <Fact label={t("facts.trainable")} value={analysis ? formatCount(trainable) : "–"} />
              <Fact
                label={t("facts.weights")}
                value={analysis ? formatBytes(total * BYTES_PER_WEIGHT) : "–"}
              />
            </dl>
            <Ends title={t("overview.inputs")} none={t("overview.noInput")} nodes={ends("input")} />
            <Ends title={t("overview.outputs")} none={t("overview.noOutput")} nodes={ends("output")} />
          </>
        )}
        <Description text={meta.description} />
        <Text size="xs" c="dimmed">
          {t("overview.hint")}
        </Text>
      </div>
    </>
  );
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
