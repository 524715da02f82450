import { Loader, UnstyledButton } from "@mantine/core";
import {
  IconAlertTriangle,
  IconChevronUp,
  IconCircleCheck,
  IconExclamationCircle,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useEditorView } from "@/actions";
import { useDiagnostics } from "@/api";
import { useNodeIds } from "@/document";
import { ProblemsPanel } from "@/inspector/ProblemsPanel";
import classes from "./editor.module.css";

/** The list of problems below the canvas, folded to one line that counts them. */
export function ProblemsDrawer({ designId }: { designId: string }) {
  const { t } = useTranslation("document");
  const open = useEditorView((view) => view.problemsOpen);
  const { analysis, analyzing } = useDiagnostics(designId);
  const empty = useNodeIds().length === 0;
  const problems = (!empty && analysis?.problems) || [];
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.filter((problem) => problem.severity === "warning").length;
  return (
    <section className={classes.problems} data-open={open || undefined}>
      <UnstyledButton
        className={classes.problemsBar}
        aria-expanded={open}
        data-testid="problems-toggle"
        data-errors={errors}
        onClick={() => useEditorView.setState({ problemsOpen: !open })}
      >
        {errors > 0 && (
          <span className={classes.errors}>
            <IconExclamationCircle size={15} aria-hidden />
            {t("problems.error", { count: errors })}
          </span>
        )}
        {warnings > 0 && (
          <span className={classes.warnings}>
            <IconAlertTriangle size={15} aria-hidden />
            {t("problems.warning", { count: warnings })}
          </span>
        )}
        {errors + warnings === 0 && (
          <span className={classes.fine}>
            {analysis && !empty && <IconCircleCheck size={15} className={classes.fineIcon} aria-hidden />}
            {t(empty ? "problems.empty" : analysis ? "problems.none" : "problems.unknown")}
          </span>
        )}
        <span className={classes.spacer} />
        {analyzing && !empty && <Loader size={12} aria-label={t("problems.checking")} />}
        <IconChevronUp size={15} className={classes.chevron} aria-hidden />
      </UnstyledButton>
      {open && (
        <div className={classes.problemList}>
          <ProblemsPanel />
        </div>
      )}
    </section>
  );
}
