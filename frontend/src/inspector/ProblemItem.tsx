import { Button, Tooltip, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle, IconInfoCircle, IconWand } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import type { Problem } from "@/api";
import { layerTitle } from "@/catalog";
import { useCanEdit, useCommands, useLayerOfNode } from "@/document";
import classes from "./inspector.module.css";
import type { Severity } from "./useProblems";

const ICONS = { error: IconAlertCircle, warning: IconAlertTriangle, info: IconInfoCircle };
const COLORS = { error: "red", warning: "orange", info: "blue" };

export function SeverityIcon({ severity, size = 16 }: { severity: Severity; size?: number }) {
  const Icon = ICONS[severity];
  return (
    <Icon
      size={size}
      color={`var(--mantine-color-${COLORS[severity]}-text)`}
      style={{ flex: "none" }}
      aria-hidden
    />
  );
}

/** One problem: where, what, expected and received, what to do, and a button that does it. */
export function ProblemItem({ problem, placed = true }: { problem: Problem; placed?: boolean }) {
  const { t } = useTranslation("inspector");
  const layer = useLayerOfNode(problem.node);
  const commands = useCommands();
  const canEdit = useCanEdit();
  const { fix } = problem;
  const body = (
    <>
      <SeverityIcon severity={problem.severity} />
      <span className={classes.problemText}>
        {placed && layer && !problem.message.includes(layer.name) && (
          <span className={classes.problemNode}>{layer.name}</span>
        )}
        <span className={classes.problemMessage}>{problem.message}</span>
        {(problem.expected || problem.received || problem.hint) && (
          <span className={classes.problemSides}>
            {problem.expected && (
              <span>
                {t("problem.expected")} <b>{problem.expected}</b>
              </span>
            )}
            {problem.received && (
              <span>
                {t("problem.received")} <b>{problem.received}</b>
              </span>
            )}
            {problem.hint && <span>{problem.hint}</span>}
          </span>
        )}
      </span>
    </>
  );
  return (
    <div className={classes.problem} data-testid={`problem-${problem.code}`} data-severity={problem.severity}>
      {placed && layer ? (
        <Tooltip label={t("problem.jump", { name: layer.name, class: layerTitle(layer.class_name) })}>
          <UnstyledButton className={classes.problemBody} onClick={() => focusNode(problem.node)}>
            {body}
          </UnstyledButton>
        </Tooltip>
      ) : (
        <div className={classes.problemBody}>{body}</div>
      )}
      {fix && canEdit && (
        <Button
          className={classes.fix}
          size="compact-xs"
          variant="light"
          leftSection={<IconWand size={13} />}
          data-testid={`problem-fix-${problem.code}`}
          onClick={() => commands.applyEdits(fix.edits)}
        >
          {fix.title}
        </Button>
      )}
    </div>
  );
}
