import { ActionIcon, Badge, Group, Popover, ScrollArea, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconInfoCircle, IconRotate2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ParamKind, ParamSpec } from "@/catalog";
import { DocText } from "./DocText";
import type { FieldProps } from "./field";
import { ParamField } from "./ParamField";
import classes from "./params.module.css";
import { defaultText } from "./values";

interface ParamRowProps extends FieldProps {
  label?: string;
}

/** One parameter: its name in Keras' words, whether it was changed, help, the widget, and what is wrong with it. */
export function ParamRow({ label, ...field }: ParamRowProps) {
  const { spec, value, mixed } = field;
  const changed = (value !== undefined || mixed) && !spec.required;
  return (
    <div className={classes.row} data-wide={isWide(spec) || undefined} data-testid={`param-${spec.name}`}>
      <div className={classes.head}>
        {changed && <Changed field={field} />}
        <label className={classes.label} htmlFor={field.id}>
          <Breakable text={label ?? spec.name} />
          {spec.required && (
            <span className={classes.star} aria-hidden>
              {"\u00a0*"}
            </span>
          )}
        </label>
        {spec.help && <HelpButton spec={spec} />}
      </div>
      <div className={classes.control} data-kind={spec.kind}>
        <ParamField {...field} />
      </div>
    </div>
  );
}

/** The dot beside a changed parameter; pressing it takes the change back. */
function Changed({ field }: { field: FieldProps }) {
  const { spec, readOnly } = field;
  const { t } = useTranslation("params");
  if (readOnly) return <span className={classes.mark} role="img" aria-label={t("changed")} />;
  return (
    <Tooltip label={t("reset", { default: defaultText(spec) || "None" })}>
      <UnstyledButton
        className={classes.mark}
        aria-label={t("resetNamed", { name: spec.name })}
        data-testid={`reset-${spec.name}`}
        onClick={() => field.onUnset([spec.name])}
      >
        <IconRotate2 size={12} aria-hidden />
      </UnstyledButton>
    </Tooltip>
  );
}

function HelpButton({ spec }: { spec: ParamSpec }) {
  const { t } = useTranslation("params");
  const standard = defaultText(spec);
  return (
    <Popover width={320} position="left-start" withArrow shadow="md" withinPortal trapFocus={false}>
      <Popover.Target>
        <ActionIcon size={20} className={classes.quiet} aria-label={t("help", { name: spec.name })}>
          <IconInfoCircle size={14} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <Group justify="space-between" mb={6} wrap="nowrap" gap="xs">
          <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {spec.name}
          </Text>
          <Badge size="sm" variant="light" color="gray" style={{ flex: "none" }}>
            {t(`kind.${spec.kind}`)}
          </Badge>
        </Group>
        <ScrollArea.Autosize mah={280} type="auto">
          <DocText>{spec.help ?? ""}</DocText>
          {standard && (
            <Text size="xs" c="dimmed" mt={8}>
              {t("default", { value: standard })}
            </Text>
          )}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Lets a long_parameter_name break after its underscores. */
function Breakable({ text }: { text: string }) {
  return text.split(/(?<=_)/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one name never move
    <span key={index}>
      {index > 0 && <wbr />}
      {part}
    </span>
  ));
}

function isWide(spec: ParamSpec): boolean {
  return WIDE.has(spec.kind) || spec.object_kind === "losses" || spec.object_kind === "schedules";
}

/** Widgets that need the whole width: lists, layers, expressions and text areas. Names of losses and schedules are long, too. */
const WIDE: ReadonlySet<ParamKind> = new Set(["expression", "json", "layer", "layers", "strings", "python"]);
