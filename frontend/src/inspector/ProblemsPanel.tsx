import { Loader, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNodeIds } from "@/document";
import { DiagnosedDesign, useDiagnosed } from "./Diagnosed";
import classes from "./inspector.module.css";
import { ProblemItem, SeverityIcon } from "./ProblemItem";
import { groupBySeverity, useProblems } from "./useProblems";

/** Everything that the last analysis found, the gravest first; each leads to its place and, where one is known, has a fix. */
export function ProblemsPanel() {
  return (
    <DiagnosedDesign>
      <Problems />
    </DiagnosedDesign>
  );
}

function Problems() {
  const { t } = useTranslation("inspector");
  const { analysis, analyzing } = useDiagnosed();
  const empty = useNodeIds().length === 0;
  const problems = useProblems();
  if (problems.length === 0) {
    const state = empty ? "nothingYet" : analysis ? "none" : analyzing ? "checking" : "unknown";
    return (
      <div className={classes.noProblems} role="status" data-testid="problems-empty">
        {state === "none" ? (
          <IconCircleCheck size={18} color="var(--mantine-color-teal-text)" aria-hidden />
        ) : (
          state === "checking" && <Loader size={14} />
        )}
        <Text size="sm" c={state === "none" ? undefined : "dimmed"}>
          {t(`problems.${state}`)}
        </Text>
      </div>
    );
  }
  return (
    <section className={classes.problems} aria-label={t("problems.title")} data-testid="problems-panel">
      {groupBySeverity(problems).map((group) => (
        <div key={group.severity}>
          <h2 className={classes.problemsTitle}>
            <SeverityIcon severity={group.severity} size={14} />
            {t(`problems.${group.severity}`, { count: group.problems.length })}
          </h2>
          {group.problems.map((problem) => (
            <ProblemItem
              key={`${problem.code}:${problem.node}:${problem.param}:${problem.port}:${problem.message}`}
              problem={problem}
            />
          ))}
        </div>
      ))}
    </section>
  );
}
