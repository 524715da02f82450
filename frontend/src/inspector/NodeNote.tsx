import { ColorSwatch, Textarea, Tooltip, UnstyledButton } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useCanEdit, useCommands } from "@/document";
import { useDraft } from "@/ui/params";
import classes from "./inspector.module.css";
import { Section } from "./Section";

/** Colours for marking nodes; readable on a light and on a dark canvas. */
export const NODE_COLORS = {
  none: "",
  red: "#e5484d",
  orange: "#e8820c",
  yellow: "#d4a800",
  green: "#30a46c",
  blue: "#3b82f6",
  violet: "#8b5cf6",
  pink: "#d6409f",
} as const;

/** A person's own mark on a node: a note and a colour. */
export function NodeNote({ node, note, color }: { node: string; note: string; color: string }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const draft = useDraft({
    value: note,
    format: String,
    parse: (text) => ({ ok: true, value: text }),
    commit: (value) => commands.setNode(node, ["note"], value ?? ""),
  });
  return (
    <Section title={t("note.title")}>
      <Textarea
        size="xs"
        autosize
        minRows={2}
        maxRows={12}
        maxLength={10_000}
        value={draft.text}
        placeholder={canEdit ? t("note.placeholder") : t("note.none")}
        readOnly={!canEdit}
        aria-label={t("note.title")}
        data-testid="node-note"
        onChange={(event) => draft.change(event.currentTarget.value)}
        onFocus={draft.focus}
        onBlur={draft.blur}
      />
      <ColorRow
        color={color}
        onPick={canEdit ? (picked) => commands.setNode(node, ["color"], picked) : undefined}
      />
    </Section>
  );
}

export function ColorRow({ color, onPick }: { color: string | null; onPick?: (color: string) => void }) {
  const { t } = useTranslation("inspector");
  return (
    <div className={classes.colors} role="radiogroup" aria-label={t("color.title")}>
      {Object.entries(NODE_COLORS).map(([name, value]) => (
        <Tooltip key={name} label={t(`color.${name}`)}>
          <UnstyledButton
            role="radio"
            aria-checked={color === value}
            aria-label={t(`color.${name}`)}
            disabled={!onPick}
            className={classes.swatch}
            onClick={() => onPick?.(value)}
          >
            <ColorSwatch component="span" color={value || "var(--loom-faint)"} size={18} withShadow={false}>
              {color === value && <IconCheck size={12} stroke={3} color={value ? "white" : "currentColor"} />}
            </ColorSwatch>
          </UnstyledButton>
        </Tooltip>
      ))}
    </div>
  );
}
