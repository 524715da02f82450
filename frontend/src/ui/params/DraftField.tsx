import { Textarea, TextInput } from "@mantine/core";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { JsonValue } from "@/catalog";
import type { FieldProps } from "./field";
import classes from "./params.module.css";
import { useDraft } from "./useDraft";
import { defaultText, type Expectation, formatParam, type Parsed, parseParam, sameValue } from "./values";

interface DraftFieldProps extends FieldProps {
  placeholder?: string;
  label?: string;
  multiline?: boolean;
  parse?: (text: string) => Parsed;
  onCommit?: (value: JsonValue | undefined) => void;
}

/** The text field under most widgets: typed freely, read by kind, stored when valid. Up and down step a number. */
export function DraftField(props: DraftFieldProps) {
  const { spec, value } = props;
  const { t } = useTranslation("params");
  const draft = useDraft({
    value,
    format: (stored) => formatParam(spec, stored),
    parse: props.parse ?? ((text) => parseParam(spec, text)),
    commit: props.onCommit ?? ((read) => commitParam(props, read)),
  });
  const numeric = spec.kind === "integer" || spec.kind === "number";

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Escape" && draft.expected) {
      event.stopPropagation();
      draft.revert();
    } else if (event.key === "Enter" && !props.multiline) {
      draft.flush();
    } else if (numeric && !props.readOnly && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const next = stepped(props, draft.text, event.key === "ArrowUp" ? 1 : -1, event.shiftKey ? 10 : 1);
      if (next !== undefined) {
        event.preventDefault();
        draft.change(next);
      }
    }
  }

  const placeholder = props.mixed
    ? t("mixed")
    : (props.placeholder ?? (defaultText(spec) || (spec.required ? t("required") : "")));
  const shared = {
    id: props.id,
    size: "xs",
    value: draft.text,
    placeholder,
    readOnly: props.readOnly,
    "aria-label": props.label,
    "data-testid": `${props.scope}-${spec.name}`,
    error: draft.expected ? (
      <span role="alert">
        {t("invalid", { expected: expectation(draft.expected, t), received: draft.text.trim() })}
      </span>
    ) : (
      props.error
    ),
    onChange: (event: { currentTarget: { value: string } }) => draft.change(event.currentTarget.value),
    onFocus: draft.focus,
    onBlur: draft.blur,
    onKeyDown,
    spellCheck: false,
    autoComplete: "off",
  };
  return props.multiline ? (
    <Textarea {...shared} autosize minRows={2} maxRows={14} classNames={{ input: classes.code }} />
  ) : (
    <TextInput
      {...shared}
      inputMode={numeric ? "decimal" : undefined}
      classNames={{ input: classes.input }}
    />
  );
}

/** Store a value, or the default by taking away what is stored. */
export function commitParam(props: FieldProps, value: JsonValue | undefined) {
  const { spec } = props;
  if (value === undefined || (!spec.required && sameValue(value, spec.default) && !props.mixed))
    props.onUnset([spec.name]);
  else props.onSet([spec.name], value);
}

type Translate = (key: string, values?: Record<string, unknown>) => string;

/** What was expected, in words: "a whole number of at least 1". */
export function expectation(expected: Expectation, t: Translate): string {
  const base = t(`expected.${expected.key}`, { count: expected.count });
  const { minimum, maximum } = expected;
  if (minimum !== undefined && maximum !== undefined)
    return t("expected.between", { base, minimum, maximum });
  if (minimum !== undefined) return t("expected.atLeast", { base, minimum });
  if (maximum !== undefined) return t("expected.atMost", { base, maximum });
  return base;
}

function stepped(props: FieldProps, text: string, direction: number, factor: number): string | undefined {
  const { spec } = props;
  const from = Number(text.trim() || defaultText(spec) || spec.minimum || 0);
  if (!Number.isFinite(from)) return undefined;
  const size = (spec.kind === "integer" ? 1 : tenth(from)) * factor;
  const next = Math.min(
    Math.max(from + direction * size, spec.minimum ?? -Infinity),
    spec.maximum ?? Infinity,
  );
  return String(Number(next.toPrecision(12)));
}

/** A step that suits the size of a number: 0.1 for 0.5, 0.0001 for 0.001. */
function tenth(value: number): number {
  return value === 0 ? 0.1 : 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
}
