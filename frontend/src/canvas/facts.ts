import { createContext, useContext, useSyncExternalStore } from "react";
import type { Analysis, LayerStart, NodeAnalysis, Problem } from "@/api/types";
import { share } from "@/lib/share";

/** What is known of one node besides the document. */
export interface NodeFacts {
  analysis: NodeAnalysis | undefined;
  severity: Problem["severity"] | null;
  messages: string[];
  /** The input ports at which an error was found. */
  faultyPorts: string[];
}

const NOTHING: NodeFacts = { analysis: undefined, severity: null, messages: [], faultyPorts: [] };
const RANK = { error: 2, warning: 1, info: 0 } as const;

/** A number of a node that a colour can tell. */
export type Measure = "params" | "flops";

/** What the analysis says; undefined where it does not say it. */
export function measured(analysis: NodeAnalysis | undefined, measure: Measure): number | undefined {
  return analysis?.[measure] ?? undefined;
}

/** The last analysis by node. A new analysis tells only the nodes of which it says something else. */
export class FactIndex {
  private facts: Record<string, NodeFacts> = {};
  private starts: ReadonlyMap<string, LayerStart> = new Map();
  private most: Record<Measure, number> = { params: 0, flops: 0 };
  private told = 0;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Another number after each analysis that said something new. */
  readonly version = (): number => this.told;

  of(node: string): NodeFacts {
    return this.facts[node] ?? NOTHING;
  }

  /** The largest value of a measure in the design; 0 where nothing is known of it. */
  largest(measure: Measure): number {
    return this.most[measure];
  }

  /** Whether a layer keeps the values that the design starts from; undefined where it starts from none. */
  startOf(layer: string): LayerStart | undefined {
    return this.starts.get(layer);
  }

  updateStarts(starts: readonly LayerStart[]): void {
    this.starts = new Map(starts.map((start) => [start.layer, start]));
    for (const listener of this.listeners) listener();
  }

  update(analysis: Analysis | null): void {
    const next = share(this.facts, factsOf(analysis));
    if (next === this.facts) return;
    this.facts = next;
    this.told += 1;
    const all = Object.values(next).map((each) => each.analysis);
    for (const measure of ["params", "flops"] as const)
      this.most[measure] = all.reduce((most, each) => Math.max(most, measured(each, measure) ?? 0), 0);
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
      faultyPorts:
        problem.severity === "error" && problem.port
          ? [...before.faultyPorts, problem.port]
          : before.faultyPorts,
    };
  }
  return facts;
}

export const FactContext = createContext(new FactIndex());

export function useNodeFacts(node: string): NodeFacts {
  const index = useContext(FactContext);
  return useSyncExternalStore(index.subscribe, () => index.of(node));
}

/** A value read from the facts of the whole design, such as the parameters of a block. */
export function useFacts<T>(read: (index: FactIndex) => T): T {
  const index = useContext(FactContext);
  return useSyncExternalStore(index.subscribe, () => read(index));
}
