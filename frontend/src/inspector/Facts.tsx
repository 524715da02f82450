import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { NodeAnalysis, Shape } from "@/api";
import type { ObjectSpec } from "@/catalog";
import { formatBytes, formatCompact, formatCount } from "@/lib/format";
import { useDiagnosed } from "./Diagnosed";
import classes from "./inspector.module.css";

interface FactsProps {
  node: string;
  /** What the node calls, where the catalog knows it: shapes stand in the order of its ports. */
  spec: ObjectSpec | undefined;
}

/** What Keras says of a node: shapes in and out, parameters. */
export function Facts({ node, spec }: FactsProps) {
  const { t } = useTranslation("inspector");
  const { byNode, analyzing } = useDiagnosed();
  const facts = byNode.get(node);
  if (!facts || (shapeCount(facts) === 0 && facts.params === 0)) {
    // Of a class that nobody knows, shapes will not come by connecting it.
    if (!spec) return null;
    return (
      <Text size="xs" c="dimmed" className={classes.unknown}>
        {t(analyzing ? "facts.checking" : "facts.unknown")}
      </Text>
    );
  }
  return (
    <dl className={classes.facts} data-testid="layer-facts">
      <Shapes label={t("facts.in")} shapes={facts.input_shapes} ports={spec?.inputs} />
      <Shapes
        label={t("facts.out")}
        shapes={facts.output_shapes}
        ports={spec?.outputs}
        dtypes={facts.output_dtypes}
      />
      {(facts.params > 0 || Object.keys(facts.output_shapes).length > 0) && (
        <div>
          <dt>{t("facts.params")}</dt>
          <dd data-testid="layer-params">{paramsText(facts, t)}</dd>
        </div>
      )}
      {facts.flops > 0 && (
        <div>
          <dt>{t("facts.flops")}</dt>
          <dd data-testid="layer-flops" title={formatCount(facts.flops)}>
            {formatCompact(facts.flops)}
          </dd>
        </div>
      )}
      {facts.activation_bytes > 0 && (
        <div>
          <dt>{t("facts.activation")}</dt>
          <dd data-testid="layer-memory">{formatBytes(facts.activation_bytes)}</dd>
        </div>
      )}
    </dl>
  );
}

interface ShapesProps {
  label: string;
  shapes: Record<string, Shape>;
  ports: ObjectSpec["inputs"];
  dtypes?: Record<string, string>;
}

function Shapes({ label, shapes, ports, dtypes }: ShapesProps) {
  const entries = inOrder(shapes, ports);
  if (entries.length === 0) return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {entries.map(([port, shape]) => (
          <div key={port}>
            {entries.length > 1 && <span className={classes.port}>{port}</span>}
            <ShapeText shape={shape} />
            {dtypes?.[port] && dtypes[port] !== "float32" && (
              <span className={classes.port}>{dtypes[port]}</span>
            )}
          </div>
        ))}
      </dd>
    </div>
  );
}

/** By the order of the ports, and the numbers of a variadic one. */
function inOrder(shapes: Record<string, Shape>, ports: ObjectSpec["inputs"]): [string, Shape][] {
  const place = (key: string) => ports?.findIndex(({ name }) => name === key.split(".")[0]) ?? 0;
  return Object.entries(shapes).sort(
    ([a], [b]) => place(a) - place(b) || a.localeCompare(b, undefined, { numeric: true }),
  );
}

function shapeCount(facts: NodeAnalysis): number {
  return Object.keys(facts.input_shapes).length + Object.keys(facts.output_shapes).length;
}

/** A shape as Keras prints it; the open sizes stand back. */
export function ShapeText({ shape }: { shape: Shape }) {
  return (
    <span className={classes.shape}>
      (
      {shape.map((size, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an axis is its index
        <span key={index}>
          {index > 0 && ", "}
          {size === null ? <span className={classes.open}>None</span> : size}
        </span>
      ))}
      {shape.length === 1 && ","})
    </span>
  );
}

function paramsText(
  facts: NodeAnalysis,
  t: (key: string, values?: Record<string, unknown>) => string,
): string {
  const total = formatCount(facts.params);
  if (facts.params === 0) return t("facts.noParams");
  if (facts.trainable_params === facts.params) return total;
  return t("facts.partlyTrainable", { total, trainable: formatCount(facts.trainable_params) });
}
