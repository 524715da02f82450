import { Collapse, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";
import { DEFAULT_TRAINING, useCanEdit, useCommands, useTraining } from "@/document";
import { ParamForm } from "@/ui/params";
import classes from "./training.module.css";

type Field = Omit<ParamSpec, "default" | "help">;

const LARGEST_EXECUTION = 100_000;
const POLICIES = ["float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"];

/** The further arguments of `compile`, as `CompileOptions` of `app/document/model.py` has them. */
const COMPILE: readonly Field[] = [
  { name: "jit_compile", kind: "choice", choices: ["auto", "true", "false"] },
  { name: "steps_per_execution", kind: "integer", minimum: 1, maximum: LARGEST_EXECUTION },
  { name: "run_eagerly", kind: "boolean" },
  { name: "auto_scale_loss", kind: "boolean" },
];

/** What is set of `keras.config`, as `KerasConfig` of `app/document/model.py` has it. */
const KERAS: readonly Field[] = [
  { name: "dtype_policy", kind: "choice", choices: POLICIES },
  { name: "floatx", kind: "choice", choices: POLICIES.slice(0, 4) },
  { name: "epsilon", kind: "number", minimum: 1e-12, maximum: 1 },
  { name: "image_data_format", kind: "choice", choices: ["channels_last", "channels_first"] },
];

/** What few designs change: how Keras runs a step, and its settings for numbers and images. */
export function AdvancedPart() {
  const { t } = useTranslation("training");
  const { compile, config } = useTraining();
  const changed =
    changesOf("compile", compile as unknown as JsonObject) +
    changesOf("config", config as unknown as JsonObject);
  const [open, setOpen] = useState(changed > 0);
  const id = useId();
  return (
    <section className={classes.part}>
      <UnstyledButton
        className={classes.fold}
        aria-expanded={open}
        aria-controls={id}
        data-testid="train-advanced"
        onClick={() => setOpen(!open)}
      >
        <IconChevronRight size={14} className={classes.chevron} data-open={open || undefined} />
        <h2>{t("advanced.title")}</h2>
        <span className={classes.dim}>
          {changed > 0 ? t("advanced.changed", { count: changed }) : t("advanced.about")}
        </span>
      </UnstyledButton>
      <Collapse expanded={open} transitionDuration={120} keepMounted={false}>
        <div id={id} className={classes.list}>
          <Options section="compile" fields={COMPILE} stored={compile as unknown as JsonObject} />
          <Options section="config" fields={KERAS} stored={config as unknown as JsonObject} />
        </div>
      </Collapse>
    </section>
  );
}

interface OptionsProps {
  section: "compile" | "config";
  fields: readonly Field[];
  stored: JsonObject;
}

function Options({ section, fields, stored }: OptionsProps) {
  const { t } = useTranslation("training");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const defaults = defaultsOf(section);
  const specs = fields.map((field) => ({
    ...field,
    default: shown(field, defaults[field.name]),
    help: t(`${section}.${field.name}`),
  }));
  const changed = fields.filter(({ name }) => stored[name] !== defaults[name]);
  const values = Object.fromEntries(changed.map((field) => [field.name, shown(field, stored[field.name])]));
  return (
    <div className={classes.output}>
      <Text size="xs" fw={600} mb={4}>
        {t(`${section}.options`)}
      </Text>
      <ParamForm
        specs={specs}
        scope={section}
        values={values as JsonObject}
        readOnly={!canEdit}
        onSet={([name = "", ...rest], value) => commands.setTraining([section, name, ...rest], meant(value))}
        onUnset={(path) => commands.unsetTraining([section, ...path])}
      />
    </div>
  );
}

function defaultsOf(section: "compile" | "config"): JsonObject {
  return DEFAULT_TRAINING[section] as unknown as JsonObject;
}

function changesOf(section: "compile" | "config", stored: JsonObject): number {
  const defaults = defaultsOf(section);
  return Object.keys(defaults).filter((name) => stored[name] !== defaults[name]).length;
}

/** A choice is among texts; `jit_compile` takes true and false beside one. */
function shown(field: Field, value: JsonValue | undefined): JsonValue {
  return field.kind === "choice" ? String(value) : (value ?? null);
}

function meant(value: JsonValue): JsonValue {
  return value === "true" ? true : value === "false" ? false : value;
}
