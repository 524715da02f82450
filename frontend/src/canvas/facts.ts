import { createContext, useContext, useSyncExternalStore } from "react";
import type { Analysis, NodeAnalysis, Problem } from "@/api/types";
import { share } from "@/lib/share";

/** What is known of one node besides the document. */
export interface NodeFacts {
  analysis: NodeAnalysis | undefined;
  severity: Problem["severity"] | null;
  messages: string[];
}

const NOTHING: NodeFacts = { analysis: undefined, severity: null, messages: [] };
const RANK = { error: 2, warning: 1, info: 0 } as const;

/** The last analysis by node. A new analysis tells only the nodes of which it says something else. */
export class FactIndex {
  private facts: Record<string, NodeFacts> = {};
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  of(node: string): NodeFacts {
    return this.facts[node] ?? NOTHING;
  }

  update(analysis: Analysis | null): void {
    const next = share(this.facts, factsOf(analysis));
    if (next === this.facts) return;
    this.facts = next;
    for (const listener of this.listeners) listener();
  }
}

function factsOf(analysis: Analysis | null): Record<string, NodeFacts> {
  const facts: Record<string, NodeFacts> = {};
  for (const node of analysis?.nodes ?? []) facts[node.id] = { ...NOTHING, analysis: node };
  for (const problem of analysis?.problems ?? []) {
    if (!problem.node) continue;
    const before = facts[problem.node] ?? NOTHING;
    const worse = before.severity === null || RANK[problem.severity] > RANK[before.severity];
    facts[problem.node] = {
      ...before,
      severity: worse ? problem.severity : before.severity,
      messages: [...before.messages, problem.message],
    };
  }
  return facts;
}

export const FactContext = createContext(new FactIndex());

export function useNodeFacts(node: string): NodeFacts {
  const index = useContext(FactContext);
  return useSyncExternalStore(index.subscribe, () => index.of(node));
}
