import { ActionIcon, Button, Select, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { type JsonValue, layerSpec, type ObjectSpec, objectsOf } from "@/catalog";
import { DesignChoicesContext } from "./choices";
import type { FieldProps } from "./field";
import { rankedFilter, renderObject } from "./ObjectField";
import { readObject } from "./objects";
import { ParamForm } from "./ParamForm";
import classes from "./params.module.css";
import { isObject, withoutValue, withValue } from "./values";

/** The layer inside a wrapper, or the cell of an RNN: its class and its own form. */
export function LayerField(props: FieldProps) {
  const { spec, value } = props;
  return (
    <InnerLayer
      {...props}
      onPick={(picked) => props.onSet([spec.name], picked)}
      onConfig={(path, nested) => props.onSet([spec.name, "config", ...path], nested)}
      onConfigUnset={(path) => props.onUnset([spec.name, "config", ...path])}
      value={value}
    />
  );
}

/** A list of inner layers; a list is one value of the document, so each change stores the whole of it. */
export function LayersField(props: FieldProps) {
  const { spec, value, readOnly } = props;
  const { t } = useTranslation("params");
  const items = Array.isArray(value) ? value : [];

  function change(index: number, item: JsonValue | undefined) {
    const next = item === undefined ? items.toSpliced(index, 1) : items.toSpliced(index, 1, item);
    if (next.length === 0) props.onUnset([spec.name]);
    else props.onSet([spec.name], next);
  }

  return (
    <div className={classes.stack} data-testid={`${props.scope}-${spec.name}`}>
      {items.map((item, index) => {
        const current = isObject(item) ? item : {};
        return (
          <InnerLayer
            {...props}
            // biome-ignore lint/suspicious/noArrayIndexKey: the layers of a list have no other identity
            key={index}
            id={`${props.id}-${index}`}
            value={item}
            onPick={(picked) => change(index, picked)}
            onRemove={() => change(index, undefined)}
            onConfig={(path, nested) => change(index, withValue(current, ["config", ...path], nested))}
            onConfigUnset={(path) => change(index, withoutValue(current, ["config", ...path]))}
          />
        );
      })}
      {!readOnly && (
        <AddInner
          {...props}
          label={t(takesCells(spec.name) ? "layers.addCell" : "layers.add")}
          onPick={(name) => change(items.length, ofClass(name))}
        />
      )}
    </div>
  );
}

/** Begins the option of a layer of the design; no class name does. */
const REFERENCE = "layer:";

function ofClass(name: string): JsonValue {
  return { class_name: name, config: {} };
}

interface InnerProps extends FieldProps {
  /** The whole value: a layer by class and configuration, or a reference to one of the design. */
  onPick: (value: JsonValue) => void;
  onRemove?: () => void;
  onConfig: (path: string[], value: JsonValue) => void;
  onConfigUnset: (path: string[]) => void;
}

function InnerLayer(props: InnerProps) {
  const { spec, value, readOnly, mixed } = props;
  const { t } = useTranslation("params");
  const { layers } = useContext(DesignChoicesContext);
  const shared = isObject(value) && typeof value.layer === "string" ? value.layer : null;
  const choice = shared === null ? readObject("layers", value) : null;
  const inner = choice ? layerSpec(choice.className) : undefined;
  const fitting = innerLayers(spec.name);
  const classNames = fitting.map((item) => ({ value: item.name, label: item.name }));
  if (choice && !inner) classNames.unshift({ value: choice.className, label: choice.className });
  const names = new Set(fitting.map((item) => item.name));
  const instances = layers
    .filter((layer) => names.has(layer.className) || layer.id === shared)
    .map((layer) => ({ value: REFERENCE + layer.id, label: layer.name }));
  const options =
    instances.length > 0
      ? [
          { group: t("layer.ofDesign"), items: instances },
          { group: t("layer.own"), items: classNames },
        ]
      : classNames;
  return (
    <div className={classes.stack}>
      <div className={classes.sizes}>
        <Select
          id={props.id}
          size="xs"
          searchable
          data={options}
          value={shared === null ? (choice?.className ?? null) : REFERENCE + shared}
          placeholder={mixed ? t("mixed") : t("layer.pick")}
          readOnly={readOnly}
          error={props.error}
          data-testid={props.onRemove ? undefined : `${props.scope}-${spec.name}`}
          comboboxProps={{ width: 320, position: "bottom-end", withinPortal: true }}
          maxDropdownHeight={320}
          nothingFoundMessage={t("nothingFound")}
          filter={rankedFilter("layers")}
          renderOption={renderObject("layers")}
          onChange={(picked) => {
            if (picked?.startsWith(REFERENCE)) props.onPick({ layer: picked.slice(REFERENCE.length) });
            else if (picked !== null && picked !== choice?.className) props.onPick(ofClass(picked));
          }}
        />
        {props.onRemove && !readOnly && (
          <ActionIcon size={30} aria-label={t("layers.remove")} onClick={props.onRemove}>
            <IconTrash size={15} />
          </ActionIcon>
        )}
      </div>
      {shared !== null && (
        <Text size="xs" c="dimmed">
          {t("layer.shared")}
        </Text>
      )}
      {choice && inner?.params && !mixed ? (
        <div className={classes.nested}>
          <ParamForm
            key={choice.className}
            specs={inner.params.filter((param) => param.name !== "name")}
            values={choice.config}
            readOnly={readOnly}
            idPrefix={`${props.id}-`}
            onSet={props.onConfig}
            onUnset={props.onConfigUnset}
          />
        </div>
      ) : null}
    </div>
  );
}

function AddInner({ spec, label, onPick }: FieldProps & { label: string; onPick: (name: string) => void }) {
  const first = innerLayers(spec.name)[0]?.name;
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<IconPlus size={14} />}
      disabled={!first}
      onClick={() => first && onPick(first)}
    >
      {label}
    </Button>
  );
}

function takesCells(param: string): boolean {
  return /^cells?$/.test(param);
}

/** Layers that may stand inside another; for a parameter that wants a cell, the cells. */
function innerLayers(param: string): ObjectSpec[] {
  const layers = objectsOf("layers").filter((item) => !item.marker || item.marker === "model");
  if (!takesCells(param)) return layers;
  return layers.filter((item) => item.name.endsWith("Cell") || item.name.endsWith("Cells"));
}
