import { Button, Text } from "@mantine/core";
import { IconArrowsDiff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "./code.module.css";

interface ConflictBarProps {
  text: string;
  onKeep: () => void;
  onTake: () => void;
}

/** The text changed elsewhere while it was edited here: the person chooses which one stays. */
export function ConflictBar({ text, onKeep, onTake }: ConflictBarProps) {
  const { t } = useTranslation("code");
  return (
    <div className={classes.conflict} role="alert" data-testid="code-conflict">
      <IconArrowsDiff size={17} aria-hidden />
      <Text size="xs" className={classes.conflictText}>
        {text}
      </Text>
      <Button size="compact-xs" onClick={onKeep} data-testid="code-keep-mine">
        {t("conflict.keep")}
      </Button>
      <Button size="compact-xs" variant="default" onClick={onTake} data-testid="code-take-other">
        {t("conflict.take")}
      </Button>
    </div>
  );
}
