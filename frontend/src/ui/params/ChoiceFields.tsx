import { Autocomplete, Select, Switch, TagsInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { commitParam } from "./DraftField";
import type { FieldProps } from "./field";
import classes from "./params.module.css";
import { defaultText } from "./values";

/** The tensor types of Keras; a mixed-precision policy may be typed. */
const DTYPES = [
  "float32",
  "float16",
  "bfloat16",
  "float64",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "bool",
  "string",
  "mixed_float16",
  "mixed_bfloat16",
];

/** Stands for null where a list of texts is wanted; no Keras value is spelt so. */
export const NONE = "\u0000none";

const inputProps = (props: FieldProps) => ({
  id: props.id,
  size: "xs" as const,
  readOnly: props.readOnly,
  error: props.error,
  "data-testid": `${props.scope}-${props.spec.name}`,
});

export function BooleanField(props: FieldProps) {
  const { t } = useTranslation("params");
  const { spec, value, mixed } = props;
  const shown = value ?? spec.default;
  if (spec.nullable) return <TristateField {...props} />;
  return (
    <div className={classes.switch}>
      <Switch
        id={props.id}
        size="sm"
        checked={!mixed && shown === true}
        disabled={props.readOnly}
        label={mixed ? t("mixed") : undefined}
        error={props.error}
        data-testid={`${props.scope}-${spec.name}`}
        onChange={(event) => commitParam(props, event.currentTarget.checked)}
      />
    </div>
  );
}

function TristateField(props: FieldProps) {
  const { t } = useTranslation("params");
  const { spec, value, mixed } = props;
  return (
    <Select
      {...inputProps(props)}
      data={[
        { value: "true", label: "True" },
        { value: "false", label: "False" },
        { value: NONE, label: "None" },
      ]}
      value={value === undefined ? null : value === null ? NONE : String(value)}
      placeholder={mixed ? t("mixed") : defaultText(spec)}
      onChange={(picked) =>
        commitParam(props, picked === null ? undefined : picked === NONE ? null : picked === "true")
      }
    />
  );
}

export function ChoiceField(props: FieldProps) {
  const { t } = useTranslation("params");
  const { spec, value, mixed } = props;
  const known = [...(spec.choices ?? [])];
  if (typeof value === "string" && !known.includes(value)) known.push(value);
  const data = known.map((choice) => ({ value: choice, label: choice }));
  if (spec.nullable) data.push({ value: NONE, label: "None" });
  return (
    <Select
      {...inputProps(props)}
      data={data}
      searchable={data.length > 8}
      value={value === undefined ? null : value === null ? NONE : String(value)}
      placeholder={mixed ? t("mixed") : defaultText(spec) || (spec.required ? t("required") : "")}
      nothingFoundMessage={t("nothingFound")}
      onChange={(picked) => commitParam(props, picked === null ? undefined : picked === NONE ? null : picked)}
    />
  );
}

export function DtypeField(props: FieldProps) {
  const { t } = useTranslation("params");
  const { spec, value, mixed } = props;
  return (
    <Autocomplete
      {...inputProps(props)}
      data={spec.choices?.length ? [...spec.choices] : DTYPES}
      value={typeof value === "string" ? value : ""}
      placeholder={mixed ? t("mixed") : defaultText(spec)}
      spellCheck={false}
      onChange={(text) => commitParam(props, text.trim() === "" ? undefined : text.trim())}
    />
  );
}

export function StringsField(props: FieldProps) {
  const { t } = useTranslation("params");
  const { spec, value, mixed } = props;
  const items = Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
  return (
    <TagsInput
      {...inputProps(props)}
      value={items}
      data={[...(spec.choices ?? [])]}
      placeholder={items.length ? "" : mixed ? t("mixed") : defaultText(spec) || t("strings.add")}
      isDuplicate={(tag, current) => current.includes(tag)}
      onChange={(next) => commitParam(props, next.length ? next : undefined)}
    />
  );
}

export function PythonField(props: FieldProps) {
  const { t } = useTranslation("params");
  return (
    <div className={classes.note} id={props.id} data-testid={`${props.scope}-${props.spec.name}`}>
      {t("python.explanation")}
    </div>
  );
}
