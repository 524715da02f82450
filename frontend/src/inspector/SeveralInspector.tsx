import { Text } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type JsonObject, type JsonValue, layerSpec, layerTitle, type ParamSpec } from "@/catalog";
import { type Edit, type LayerInstance, useCanEdit, useCommands, useDocumentSelector } from "@/document";
import { formatCount } from "@/lib/format";
import { ParamForm, sameValue } from "@/ui/params";
import { useDiagnosed } from "./Diagnosed";
import classes from "./inspector.module.css";
import { ColorRow } from "./NodeNote";
import { Section } from "./Section";

/** Several nodes at once: the parameters that all of their layers have, set for all of them in one step. */
export function SeveralInspector({ nodes }: { nodes: string[] }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const calls = useDocumentSelector((content) => content.nodes);
  const allLayers = useDocumentSelector((content) => content.layers);
  const { byNode } = useDiagnosed();

  const layerIds = [...new Set(nodes.flatMap((id) => calls[id]?.layer ?? []))].filter((id) => allLayers[id]);
  const layers = layerIds.flatMap((id) => allLayers[id] ?? []);
  const specs = useMemo(() => commonParams(layers), [layers]);
  const { values, mixed } = commonValues(specs, layers);
  const colors = new Set(nodes.map((id) => calls[id]?.color ?? ""));
  const params = nodes.reduce((sum, id) => sum + (byNode.get(id)?.params ?? 0), 0);

  function applyToAll(make: (path: string[]) => Edit, rest: string[]) {
    commands.applyEdits(layerIds.map((id) => make(["layers", id, "params", ...rest])));
  }

  function setAll(path: string[], value: JsonValue) {
    applyToAll((full) => ({ op: "set", path: full, value }), path);
  }

  return (
    <>
      <header className={classes.header}>
        <div className={classes.headline}>
          <span className={classes.badge} aria-hidden>
            <IconStack2 size={18} stroke={1.8} />
          </span>
          <div className={classes.names}>
            <Text fw={600}>{t("several.title", { count: nodes.length })}</Text>
            <Text size="xs" c="dimmed">
              {classCounts(layers)}
            </Text>
          </div>
        </div>
      </header>
      <div className={classes.body}>
        <dl className={classes.facts}>
          <div>
            <dt>{t("facts.params")}</dt>
            <dd>{formatCount(params)}</dd>
          </div>
        </dl>
        <Section title={t("several.common")}>
          {specs.length > 0 ? (
            <ParamForm
              specs={specs}
              values={values}
              mixed={mixed}
              readOnly={!canEdit}
              onSet={setAll}
              onUnset={(path) => applyToAll((full) => ({ op: "remove", path: full }), path)}
            />
          ) : (
            <Text size="xs" c="dimmed">
              {t("several.nothingCommon")}
            </Text>
          )}
        </Section>
        <Section title={t("color.title")}>
          <ColorRow
            color={colors.size === 1 ? ([...colors][0] ?? "") : null}
            onPick={
              canEdit
                ? (color) =>
                    commands.applyEdits(
                      nodes.map((id) => ({ op: "set", path: ["nodes", id, "color"], value: color })),
                    )
                : undefined
            }
          />
        </Section>
      </div>
    </>
  );
}

/** The parameters that every layer has, with one meaning: the same name, kind and choices. */
export function commonParams(layers: readonly LayerInstance[]): ParamSpec[] {
  const lists = [...new Set(layers.map((layer) => layer.class_name))].map(
    (name) => layerSpec(name)?.params ?? [],
  );
  const [first, ...others] = lists;
  return (first ?? []).filter((spec) =>
    others.every((list) => list.some((other) => other.name === spec.name && sameMeaning(other, spec))),
  );
}

function sameMeaning(a: ParamSpec, b: ParamSpec): boolean {
  return (
    a.kind === b.kind &&
    (a.rank ?? null) === (b.rank ?? null) &&
    (a.object_kind ?? null) === (b.object_kind ?? null) &&
    sameValue(a.default ?? null, b.default ?? null)
  );
}

export function commonValues(
  specs: readonly ParamSpec[],
  layers: readonly LayerInstance[],
): { values: JsonObject; mixed: Set<string> } {
  const values: JsonObject = {};
  const mixed = new Set<string>();
  for (const { name } of specs) {
    const first = layers[0]?.params[name];
    if (layers.some((layer) => !sameValue(layer.params[name], first))) mixed.add(name);
    else if (first !== undefined) values[name] = first;
  }
  return { values, mixed };
}

function classCounts(layers: readonly LayerInstance[]): string {
  const counts = new Map<string, number>();
  for (const layer of layers) counts.set(layer.class_name, (counts.get(layer.class_name) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => (count > 1 ? `${layerTitle(name)} × ${count}` : layerTitle(name)))
    .join(", ");
}
