import { Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";
import { ParamRow } from "./ParamRow";
import classes from "./params.module.css";

export interface ParamFormProps {
  specs: readonly ParamSpec[];
  /** Only what was set; a parameter that is not here has its default. */
  values: JsonObject;
  /** `path` begins with the parameter's name and may lead into a nested object. */
  onSet: (path: string[], value: JsonValue) => void;
  onUnset: (path: string[]) => void;
  readOnly?: boolean;
  /** What is wrong, by parameter name. */
  errors?: Record<string, string>;
  /** Parameters in which several edited objects differ. */
  mixed?: ReadonlySet<string>;
  /** Words to show in place of parameter names. */
  labels?: Record<string, string>;
  idPrefix?: string;
  /** What the test ids of the widgets begin with; `input` unless told. */
  scope?: string;
}

/** The form of any Keras object, made from the catalog alone; advanced parameters are folded away when there are others. */
export function ParamForm(props: ParamFormProps) {
  const { specs, values, errors, mixed } = props;
  const foldable = specs.some((spec) => !spec.advanced);
  const plain = specs.filter((spec) => !foldable || !spec.advanced);
  const advanced = specs.filter((spec) => foldable && spec.advanced);
  return (
    <div className={classes.form}>
      {plain.map((spec) => (
        <Row key={spec.name} form={props} spec={spec} />
      ))}
      {advanced.length > 0 && (
        <Advanced
          count={advanced.length}
          changed={advanced.filter((spec) => values[spec.name] !== undefined || mixed?.has(spec.name)).length}
          faulty={advanced.some((spec) => errors?.[spec.name])}
        >
          {advanced.map((spec) => (
            <Row key={spec.name} form={props} spec={spec} />
          ))}
        </Advanced>
      )}
    </div>
  );
}

function Row({ form, spec }: { form: ParamFormProps; spec: ParamSpec }) {
  const id = useId();
  return (
    <ParamRow
      id={`${form.idPrefix ?? ""}${spec.name}${id}`}
      scope={form.scope ?? "input"}
      spec={spec}
      value={form.values[spec.name]}
      label={form.labels?.[spec.name]}
      error={form.errors?.[spec.name]}
      mixed={form.mixed?.has(spec.name) ?? false}
      readOnly={form.readOnly ?? false}
      onSet={form.onSet}
      onUnset={form.onUnset}
    />
  );
}

interface AdvancedProps {
  count: number;
  changed: number;
  faulty: boolean;
  children: React.ReactNode;
}

function Advanced({ count, changed, faulty, children }: AdvancedProps) {
  const { t } = useTranslation("params");
  const [open, setOpen] = useState(faulty);
  const [wasFaulty, setWasFaulty] = useState(faulty);
  if (faulty !== wasFaulty) {
    setWasFaulty(faulty);
    if (faulty) setOpen(true);
  }
  return (
    <div>
      <UnstyledButton
        className={classes.advanced}
        aria-expanded={open}
        data-testid="params-advanced"
        onClick={() => setOpen(!open)}
      >
        <IconChevronRight size={14} className={classes.chevron} data-open={open || undefined} />
        {t("advanced", { count })}
        {changed > 0 && <span className={classes.dot} role="img" aria-label={t("changed")} />}
      </UnstyledButton>
      <Collapse expanded={open} transitionDuration={120} keepMounted={false}>
        <div className={classes.form}>{children}</div>
      </Collapse>
    </div>
  );
}
