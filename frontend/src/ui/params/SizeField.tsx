import { ActionIcon, Tooltip } from "@mantine/core";
import { IconLink, IconLinkOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonValue } from "@/catalog";
import { commitParam, DraftField } from "./DraftField";
import type { FieldProps } from "./field";
import classes from "./params.module.css";
import { parseParam } from "./values";

/** One number for every axis, or one for each after the link is opened. */
export function SizeField(props: FieldProps) {
  const { spec, value, readOnly } = props;
  const { t } = useTranslation("params");
  const rank = spec.rank ?? 1;
  const uneven = Array.isArray(value) && new Set(value).size > 1;
  const [apart, setApart] = useState(uneven);
  if (rank < 2) return <DraftField {...props} value={onlyItem(value)} />;

  const open = apart || uneven;
  const sizes = spread(value ?? spec.default, rank);

  function join() {
    setApart(false);
    if (uneven && value[0] !== undefined) props.onSet([spec.name], value[0]);
  }

  function setAxis(axis: number, size: JsonValue | undefined) {
    const next = sizes.map((old, index) => (index === axis ? (size ?? null) : old));
    if (next.every((item) => item === null)) props.onUnset([spec.name]);
    else
      props.onSet(
        [spec.name],
        next.map((item) => item ?? next.find((other) => other !== null) ?? 1),
      );
  }

  return (
    <div className={classes.sizes}>
      {open ? (
        sizes.map((size, axis) => (
          <DraftField
            {...props}
            // biome-ignore lint/suspicious/noArrayIndexKey: an axis is its index
            key={axis}
            id={axis === 0 ? props.id : `${props.id}-${axis}`}
            error={axis === 0 ? props.error : undefined}
            spec={{ ...spec, kind: "integer", nullable: false }}
            value={value === undefined || size === null ? undefined : size}
            placeholder={size === null ? "" : String(size)}
            label={t("axis", { name: spec.name, axis: axis + 1 })}
            parse={(text) => parseParam({ ...spec, kind: "integer", nullable: false }, text)}
            onCommit={(read) => setAxis(axis, read)}
          />
        ))
      ) : (
        <DraftField
          {...props}
          value={uneven ? value : onlyItem(value)}
          placeholder={placeholderOf(spec.default)}
          onCommit={(read) => commitParam(props, read)}
        />
      )}
      <Tooltip label={t(open ? "size.link" : "size.unlink")}>
        <ActionIcon
          size={30}
          disabled={readOnly}
          aria-label={t(open ? "size.link" : "size.unlink")}
          aria-pressed={!open}
          onClick={open ? join : () => setApart(true)}
        >
          {open ? <IconLinkOff size={15} /> : <IconLink size={15} />}
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

function spread(value: JsonValue | undefined, rank: number): (number | null)[] {
  if (Array.isArray(value) && value.length === rank)
    return value.map((item) => (typeof item === "number" ? item : null));
  return Array.from({ length: rank }, () => (typeof value === "number" ? value : null));
}

/** `[2, 2]` reads as 2. */
function onlyItem(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) && value.length > 0 && new Set(value).size === 1 ? value[0] : value;
}

function placeholderOf(value: JsonValue | undefined): string | undefined {
  const only = onlyItem(value);
  return typeof only === "number" ? String(only) : undefined;
}
