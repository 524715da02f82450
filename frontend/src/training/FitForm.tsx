import { NativeSelect, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DatasetDescription } from "@/api";
import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";
import { DEFAULT_TRAINING, useCanEdit, useCommands, useTraining } from "@/document";
import { ParamForm } from "@/ui/params";
import { Part } from "./Part";
import classes from "./training.module.css";

const LARGEST = 1_000_000;
const LARGEST_SEED = 2 ** 31 - 1;
const CLASSES_SHOWN = 100;

/** The arguments of `fit` and their bounds, as `FitOptions` of `app/document/model.py` has them. */
const FIELDS: readonly Omit<ParamSpec, "default" | "help">[] = [
  { name: "epochs", kind: "integer", minimum: 1, maximum: LARGEST },
  { name: "batch_size", kind: "integer", minimum: 1, maximum: LARGEST },
  { name: "validation_split", kind: "number", minimum: 0, maximum: 0.99 },
  { name: "shuffle", kind: "boolean" },
  { name: "seed", kind: "integer", nullable: true, minimum: 0, maximum: LARGEST_SEED },
];

/** What `fit` receives besides the data. */
export function FitForm({ data }: { data: DatasetDescription | null | undefined }) {
  const { t } = useTranslation("training");
  const { fit } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const defaults = DEFAULT_TRAINING.fit as unknown as JsonObject;
  const stored = fit as unknown as JsonObject;
  const specs = FIELDS.map((field) => ({
    ...field,
    default: defaults[field.name],
    help: t(`fit.${field.name}`),
  }));
  const values = Object.fromEntries(
    FIELDS.filter(({ name }) => stored[name] !== defaults[name]).map(({ name }) => [name, stored[name]]),
  ) as JsonObject;
  return (
    <Part title={t("fit.title")}>
      <ParamForm
        specs={specs}
        scope="fit"
        values={values}
        readOnly={!canEdit}
        onSet={(path, value) => commands.setTraining(["fit", ...path], value)}
        onUnset={(path) => commands.unsetTraining(["fit", ...path])}
      />
      {data?.target.kind === "classification" && <ClassWeights classNames={data.target.classes} />}
    </Part>
  );
}

function ClassWeights({ classNames }: { classNames: string[] }) {
  const { t } = useTranslation("training");
  const { fit } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const own = typeof fit.class_weight === "object" ? fit.class_weight : null;
  const choice = own ? "own" : String(fit.class_weight);

  function pick(picked: string) {
    if (picked === "none") commands.unsetTraining(["fit", "class_weight"]);
    else commands.setTraining(["fit", "class_weight"], picked === "own" ? {} : picked);
  }

  const specs: ParamSpec[] = classNames
    .slice(0, CLASSES_SHOWN)
    .map((name) => ({ name, kind: "number", default: 1, minimum: 0 }));

  return (
    <div className={classes.list}>
      <NativeSelect
        size="xs"
        label={t("classWeight.title")}
        labelProps={{ fw: 400, fz: 12.5 }}
        description={t("classWeight.help")}
        value={choice}
        disabled={!canEdit}
        data-testid="class-weight"
        data={["none", "balanced", "own"].map((value) => ({ value, label: t(`classWeight.${value}`) }))}
        onChange={(event) => pick(event.currentTarget.value)}
      />
      {own && (
        <div className={classes.entryForm}>
          <ParamForm
            specs={specs}
            values={own as Record<string, JsonValue>}
            readOnly={!canEdit}
            onSet={(path, value) => commands.setTraining(["fit", "class_weight", ...path], value)}
            onUnset={(path) => commands.unsetTraining(["fit", "class_weight", ...path])}
          />
          {classNames.length > CLASSES_SHOWN && (
            <Text size="xs" c="dimmed">
              {t("classWeight.more", { count: classNames.length - CLASSES_SHOWN })}
            </Text>
          )}
        </div>
      )}
    </div>
  );
}
