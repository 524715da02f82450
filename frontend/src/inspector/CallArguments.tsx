import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { layerSpec } from "@/catalog";
import { type LayerInstance, type NodeCall, useCanEdit, useCommands } from "@/document";
import classes from "./inspector.module.css";
import { Section } from "./Section";

/** The call arguments that some layers take; a layer that does not know one has a problem that says so. */
const TAKES: readonly { name: string; layers: RegExp }[] = [
  { name: "training", layers: /./ },
  { name: "use_causal_mask", layers: /Attention/ },
  { name: "return_attention_scores", layers: /Attention/ },
  { name: "reverse", layers: /^ReversibleEmbedding$/ },
];

/** What this call, and not the layer, is given: `training`, and the switches of attention. */
export function CallArguments({ node, call, layer }: { node: string; call: NodeCall; layer: LayerInstance }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const spec = layerSpec(layer.class_name);
  const ends = spec?.marker === "input" || spec?.marker === "output";
  const set = Object.keys(call.arguments);
  const names = TAKES.filter(({ layers, name }) => layers.test(layer.class_name) || set.includes(name)).map(
    ({ name }) => name,
  );
  if (ends || spec?.kind === "operations") return null;
  return (
    <Section title={t("arguments.title")}>
      {names.map((name) => {
        const value = call.arguments[name];
        return (
          <div key={name} className={classes.argument}>
            <span>{name}</span>
            <Select
              size="xs"
              w={110}
              aria-label={name}
              readOnly={!canEdit}
              allowDeselect={false}
              data={[
                { value: "", label: t("arguments.unset") },
                { value: "true", label: "True" },
                { value: "false", label: "False" },
              ]}
              value={typeof value === "boolean" ? String(value) : ""}
              data-testid={`argument-${name}`}
              onChange={(picked) => {
                if (picked) commands.setNode(node, ["arguments", name], picked === "true");
                else commands.unsetNode(node, ["arguments", name]);
              }}
            />
          </div>
        );
      })}
    </Section>
  );
}
