import { Button, Text, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle, IconInfoCircle, IconWand } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import type { Problem } from "@/api";
import { useCanEdit, useCommands, useDocumentSelector } from "@/document";
import classes from "./training.module.css";

const LOOK = {
  error: { icon: IconAlertCircle, color: "red" },
  warning: { icon: IconAlertTriangle, color: "orange" },
  info: { icon: IconInfoCircle, color: "blue" },
};

/** What does not fit between the design, its training and its data, each with a way to mend it. */
export function PreflightList({ problems }: { problems: readonly Problem[] }) {
  const { t } = useTranslation("training");
  return (
    <ul className={classes.preflight} aria-label={t("preflight.title")} data-testid="preflight">
      {problems.map((problem) => (
        <Item key={`${problem.code}:${problem.node}:${problem.param}:${problem.message}`} problem={problem} />
      ))}
    </ul>
  );
}

function Item({ problem }: { problem: Problem }) {
  const { t } = useTranslation("training");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const exists = useDocumentSelector((content) => problem.node in content.nodes);
  const { icon: Icon, color } = LOOK[problem.severity];
  const { fix } = problem;
  return (
    <li className={classes.checkItem} data-testid={`preflight-${problem.code}`}>
      <Icon size={15} color={`var(--mantine-color-${color}-text)`} aria-hidden />
      <div className={classes.checkText}>
        <Text size="xs" component="div">
          {problem.message}
        </Text>
        {(problem.expected || problem.received) && (
          <Text size="xs" c="dimmed" component="div">
            {[
              problem.expected && t("preflight.expected", { value: problem.expected }),
              problem.received && t("preflight.received", { value: problem.received }),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
        )}
        {problem.hint && (
          <Text size="xs" c="dimmed" component="div">
            {problem.hint}
          </Text>
        )}
        <div className={classes.checkActions}>
          {fix && canEdit && (
            <Button
              size="compact-xs"
              variant="light"
              leftSection={<IconWand size={13} />}
              data-testid={`problem-fix-${problem.code}`}
              onClick={() => commands.applyEdits(fix.edits)}
            >
              {fix.title}
            </Button>
          )}
          {exists && (
            <UnstyledButton className={classes.show} onClick={() => focusNode(problem.node)}>
              {t("preflight.show")}
            </UnstyledButton>
          )}
        </div>
      </div>
    </li>
  );
}
