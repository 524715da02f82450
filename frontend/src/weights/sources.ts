import { hasWeights } from "@/api/runs";
import type { RunSummary, WeightsFile } from "@/api/types";
import type { Weights } from "@/document";

/** What a person may start from, as the options of a list. */
export interface SourceOptions {
  runs: { value: string; label: string }[];
  files: { value: string; label: string }[];
  vectors: { value: string; label: string }[];
}

export function keyOf(weights: Weights | null): string {
  return weights ? `${weights.source}:${weights.id}` : "";
}

/** The weights that a key names, with no other layer name; null for "". */
export function weightsOf(key: string): Weights | null {
  const [, source, id] = /^(run|upload):(.+)$/.exec(key) ?? [];
  return source && id ? { source: source as Weights["source"], id, layer: "" } : null;
}

export function optionsOf(
  runs: readonly RunSummary[],
  files: readonly WeightsFile[],
  words: { run: (run: RunSummary) => string; file: (file: WeightsFile) => string },
): SourceOptions {
  const file = (one: WeightsFile) => ({ value: `upload:${one.id}`, label: words.file(one) });
  return {
    runs: runs.filter(hasWeights).map((run) => ({ value: `run:${run.id}`, label: words.run(run) })),
    files: files.filter((one) => one.contents.kind === "layers").map(file),
    vectors: files.filter((one) => one.contents.kind === "vectors").map(file),
  };
}
