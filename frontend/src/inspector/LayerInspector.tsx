import { Anchor, Switch, Text, TextInput, Tooltip } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { showOwnCode } from "@/actions/codeView";
import type { Problem } from "@/api";
import { layerSpec, layerStyle, layerTitle, type ObjectSpec } from "@/catalog";
import { PLACEHOLDER } from "@/designs/placeholders";
import { type LayerInstance, useCanEdit, useCommands, useLayer, useNode } from "@/document";
import { InlineDoc, ParamForm, useDraft } from "@/ui/params";
import { CallArguments } from "./CallArguments";
import { Facts } from "./Facts";
import classes from "./inspector.module.css";
import { MapPlaceholder } from "./MapPlaceholder";
import { NestedModel } from "./NestedModel";
import { NodeNote } from "./NodeNote";
import { ProblemItem } from "./ProblemItem";
import { Section } from "./Section";
import { SharedLayer } from "./SharedLayer";
import { errorsByParam, useProblemsOf } from "./useProblems";

interface LayerInspectorProps {
  node: string;
  weights?: (layer: string) => ReactNode;
}

/** Everything about one call of a layer; what is set here holds for every call that shares the layer. */
export function LayerInspector({ node, weights }: LayerInspectorProps) {
  const { t } = useTranslation("inspector");
  const call = useNode(node);
  const layer = useLayer(call?.layer);
  const problems = useProblemsOf(node);
  if (!call || !layer) return null;
  const spec = layerSpec(layer.class_name);
  const known = layer.class_name === PLACEHOLDER ? undefined : spec;
  return (
    <>
      <Header id={call.layer} layer={layer} spec={spec} />
      <div className={classes.body}>
        {problems.length > 0 && (
          <div className={classes.ownProblems}>
            {problems.map((problem) => (
              <ProblemItem
                key={`${problem.code}:${problem.param}:${problem.port}:${problem.message}`}
                problem={problem}
                placed={false}
              />
            ))}
          </div>
        )}
        <Facts node={node} spec={known} />
        <SharedLayer node={node} layerId={call.layer} />
        <NestedModel node={node} layer={layer} />
        {known ? (
          <Section title={t("parameters")}>
            <LayerForm id={call.layer} layer={layer} spec={known} problems={problems} />
          </Section>
        ) : (
          <MapPlaceholder id={call.layer} layer={layer} />
        )}
        <CallArguments node={node} call={call} layer={layer} />
        {weights?.(call.layer)}
        <NodeNote node={node} note={call.note} color={call.color} />
      </div>
    </>
  );
}

interface LayerProps {
  id: string;
  layer: LayerInstance;
  spec: ObjectSpec | undefined;
}

function Header({ id, layer, spec }: LayerProps) {
  const { t } = useTranslation("inspector");
  const { icon: Icon, color, tint } = layerStyle(spec);
  return (
    <header className={classes.header}>
      <div className={classes.headline}>
        <span className={classes.badge} style={{ color, background: tint }} aria-hidden>
          <Icon size={18} stroke={1.8} />
        </span>
        <div className={classes.names}>
          <LayerName id={id} name={layer.name} />
          <Text size="xs" c="dimmed" className={classes.className}>
            {layerTitle(layer.class_name)}
            {spec?.qualified_name.startsWith("keras.") && (
              <Tooltip label={t("docs", { name: spec.qualified_name })}>
                <Anchor
                  href={`https://keras.io/search.html?query=${encodeURIComponent(spec.kind === "operations" ? spec.qualified_name : spec.name)}`}
                  target="_blank"
                  rel="noreferrer"
                  aria-label={t("docs", { name: spec.qualified_name })}
                >
                  <IconExternalLink size={13} />
                </Anchor>
              </Tooltip>
            )}
            {spec?.code && (
              <Anchor
                component="button"
                type="button"
                size="xs"
                data-testid="open-own-code"
                onClick={() => showOwnCode(spec.code ?? null)}
              >
                {t("ownCode")}
              </Anchor>
            )}
          </Text>
        </div>
      </div>
      {spec?.summary && (
        <Text size="xs" c="dimmed" mt={8} component="div">
          <InlineDoc>{spec.summary}</InlineDoc>
        </Text>
      )}
    </header>
  );
}

function LayerName({ id, name }: { id: string; name: string }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const draft = useDraft({
    value: name,
    format: String,
    parse: (text) => {
      const trimmed = text.trim();
      return trimmed && trimmed.length <= 200
        ? { ok: true, value: trimmed }
        : { ok: false, expected: { key: "name" } };
    },
    commit: (value) => commands.renameLayer(id, String(value)),
  });
  return (
    <TextInput
      variant="unstyled"
      classNames={{ input: classes.name }}
      value={draft.text}
      readOnly={!canEdit}
      aria-label={t("name")}
      data-testid="layer-name"
      error={draft.expected && t("nameExpected")}
      maxLength={200}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => draft.change(event.currentTarget.value)}
      onFocus={draft.focus}
      onBlur={draft.blur}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") draft.revert();
      }}
    />
  );
}

function LayerForm({ id, layer, spec, problems }: LayerProps & { spec: ObjectSpec; problems: Problem[] }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const params = spec.params ?? [];
  const errors = Object.fromEntries(
    Object.entries(errorsByParam(problems)).map(([name, { expected, message }]) => [
      name,
      expected ? t("problem.wanted", { expected }) : message,
    ]),
  );
  const trainable = params.find((param) => param.name === "trainable");
  return (
    <>
      <ParamForm
        key={layer.class_name}
        specs={params.filter((param) => param !== trainable)}
        values={layer.params}
        errors={errors}
        readOnly={!canEdit}
        onSet={(path, value) => commands.setParam(id, path, value)}
        onUnset={(path) => commands.unsetParam(id, path)}
      />
      {trainable && (
        <div data-testid="param-trainable">
          <Switch
            className={classes.trainable}
            classNames={{ label: classes.trainableLabel }}
            size="sm"
            label={t("trainable.label")}
            description={t("trainable.text")}
            checked={layer.params.trainable !== false}
            disabled={!canEdit}
            data-testid="input-trainable"
            onChange={(event) => {
              if (event.currentTarget.checked) commands.unsetParam(id, ["trainable"]);
              else commands.setParam(id, ["trainable"], false);
            }}
          />
        </div>
      )}
    </>
  );
}
