import { ActionIcon, Select, type SelectProps, Text, Tooltip } from "@mantine/core";
import { IconAdjustments } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { getCatalog, type JsonValue, type Kind, objectsOf, type ParamSpec, rankObjects } from "@/catalog";
import { NONE } from "./ChoiceFields";
import { InlineDoc } from "./DocText";
import { DraftField } from "./DraftField";
import type { FieldProps } from "./field";
import { readObject, writeObject } from "./objects";
import { ParamForm } from "./ParamForm";
import classes from "./params.module.css";
import { defaultText, withValue } from "./values";

const PLAIN = "\u0000number";

/** Another Keras object: pick its class, then set its own parameters below. */
export function ObjectField(props: FieldProps) {
  const { spec, value, mixed, readOnly } = props;
  const { t } = useTranslation("params");
  const kind = spec.object_kind ?? "initializers";
  const plain = takesNumber(spec);
  const shown = value === undefined && !mixed ? spec.default : value;
  const choice = readObject(kind, shown);
  const stored = readObject(kind, value);
  const isNumber = plain && !mixed && (typeof shown === "number" || (value === undefined && !choice));

  const hasForm = Boolean(choice?.spec?.params?.length) && !mixed;
  const formId = useId();
  const [open, setOpen] = useState(spec.required || Object.keys(stored?.config ?? {}).length > 0);

  const options = objectsOf(kind).map((item) => ({ value: item.name, label: item.name }));
  if (stored && !stored.spec) options.unshift({ value: stored.className, label: stored.className });
  if (plain) options.unshift({ value: PLAIN, label: t("object.number") });
  if (spec.nullable) options.unshift({ value: NONE, label: "None" });

  function pick(picked: string | null) {
    if (picked === null || (picked === NONE && spec.default === null)) props.onUnset([spec.name]);
    else if (picked === NONE) props.onSet([spec.name], null);
    else if (picked === PLAIN) {
      if (typeof spec.default === "number") props.onUnset([spec.name]);
      else props.onSet([spec.name], spec.minimum ?? 0.001);
    } else if (picked !== stored?.className) {
      props.onSet([spec.name], writeObject(kind, picked));
      setOpen(true);
    }
  }

  function setNested(path: string[], nested: JsonValue) {
    if (stored && typeof value === "object") props.onSet([spec.name, "config", ...path], nested);
    else if (choice)
      props.onSet([spec.name], writeObject(kind, choice.className, withValue({}, path, nested)));
  }

  const placeholder = mixed ? t("mixed") : (choice?.className ?? (defaultText(spec) || t("object.pick")));
  const current =
    value === undefined ? null : value === null ? NONE : isNumber ? PLAIN : (stored?.className ?? null);

  return (
    <>
      <div className={classes.stack}>
        <div className={classes.sizes}>
          <Select
            id={props.id}
            size="xs"
            rightSectionWidth={24}
            searchable
            data={options}
            value={plain && value === undefined && isNumber ? PLAIN : current}
            placeholder={placeholder}
            readOnly={readOnly}
            error={props.error}
            data-testid={`${props.scope}-${spec.name}`}
            comboboxProps={{ width: 320, position: "bottom-end", withinPortal: true }}
            maxDropdownHeight={320}
            nothingFoundMessage={t("nothingFound")}
            filter={rankedFilter(kind)}
            renderOption={renderObject(kind)}
            onChange={pick}
          />
          {isNumber && (
            <DraftField
              {...props}
              id={`${props.id}-number`}
              spec={{ ...spec, kind: "number" }}
              label={spec.name}
            />
          )}
          {hasForm && (
            <Tooltip label={t("object.configure", { name: choice?.className })}>
              <ActionIcon
                size={30}
                aria-label={t("object.configure", { name: choice?.className })}
                aria-expanded={open}
                aria-controls={formId}
                data-testid={`configure-${spec.name}`}
                onClick={() => setOpen(!open)}
              >
                <IconAdjustments size={15} />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
        {spec.called_with && objectsOf(kind).length === 0 && (
          <Text size="xs" c="dimmed">
            {t("object.noFunction", { arguments: argumentsOf(spec.called_with) })}
          </Text>
        )}
      </div>
      {hasForm && open ? (
        <div className={classes.nested} id={formId}>
          <ParamForm
            key={choice?.className}
            specs={choice?.spec?.params ?? []}
            values={stored?.config ?? {}}
            readOnly={readOnly}
            idPrefix={`${props.id}-`}
            onSet={setNested}
            onUnset={(path) => props.onUnset([spec.name, "config", ...path])}
          />
        </div>
      ) : null}
    </>
  );
}

function argumentsOf(calledWith: readonly string[]): string {
  return calledWith.map((name) => name.replace(/=$/, "")).join(", ");
}

/** A learning rate is a number or a schedule. */
function takesNumber(spec: ParamSpec): boolean {
  return spec.object_kind === "schedules" || typeof spec.default === "number";
}

export function rankedFilter(kind: Kind): NonNullable<SelectProps["filter"]> {
  return ({ options, search }) => {
    if (search.trim() === "") return options;
    const order = new Map(rankObjects(search, objectsOf(kind)).map((item, index) => [item.name, index]));
    // While somebody searches, what fits best stands first, whatever group it is in.
    return options
      .flatMap((option) => ("items" in option ? option.items : [option]))
      .filter((option) => "value" in option && (order.has(String(option.value)) || matches(option, search)))
      .sort((a, b) => rankOf(a, order, kind) - rankOf(b, order, kind));
  };
}

function matches(option: object, search: string): boolean {
  return "label" in option && String(option.label).toLowerCase().includes(search.trim().toLowerCase());
}

/** What is offered beside the catalog comes first, then the catalog's best matches. */
function rankOf(option: object, order: Map<string, number>, kind: Kind): number {
  const value = "value" in option ? String(option.value) : "";
  return order.get(value) ?? (getCatalog()?.objects[kind]?.[value] ? 1000 : -1);
}

export function renderObject(kind: Kind): NonNullable<SelectProps["renderOption"]> {
  const specs = new Map(objectsOf(kind).map((item) => [item.name, item]));
  return ({ option }) => {
    const { summary, signature } = specs.get(option.value) ?? {};
    return (
      <div>
        <Text size="xs" fw={500}>
          {option.label}
        </Text>
        {signature && (
          <Text size="xs" ff="monospace" lineClamp={1} component="div">
            ({signature})
          </Text>
        )}
        {summary && (
          <Text size="xs" c="dimmed" lineClamp={1} component="div">
            <InlineDoc>{summary}</InlineDoc>
          </Text>
        )}
      </div>
    );
  };
}
