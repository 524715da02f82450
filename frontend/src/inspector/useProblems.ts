import { useMemo } from "react";
import type { Problem } from "@/api";
import { useDiagnosed } from "./Diagnosed";

const NONE: Problem[] = [];
const ORDER = ["error", "warning", "info"] as const;

export type Severity = (typeof ORDER)[number];

export interface ProblemGroup {
  severity: Severity;
  problems: Problem[];
}

/** What the last analysis found wrong with the open design. */
export function useProblems(): Problem[] {
  return useDiagnosed().analysis?.problems ?? NONE;
}

export function useProblemsOf(node: string): Problem[] {
  const problems = useProblems();
  return useMemo(() => problems.filter((problem) => problem.node === node), [problems, node]);
}

/** Errors, then warnings, then remarks; groups without a problem are left out. */
export function groupBySeverity(problems: readonly Problem[]): ProblemGroup[] {
  return ORDER.map((severity) => ({
    severity,
    problems: problems.filter((problem) => problem.severity === severity),
  })).filter((group) => group.problems.length > 0);
}

/** The first error of each parameter, for the form. */
export function errorsByParam(problems: readonly Problem[]): Record<string, Problem> {
  const errors: Record<string, Problem> = {};
  for (const problem of problems) {
    const name = problem.param.split(".")[0];
    if (name && problem.severity === "error") errors[name] ??= problem;
  }
  return errors;
}
