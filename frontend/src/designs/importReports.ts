import type { LayerReport } from "@/api/types";

/** What an import said of a file, kept in this browser for the design that was made of it. */
export interface ImportReport {
  filename: string;
  layers: LayerReport[];
  /** What else was changed on the way. */
  notes: string[];
}

export type Outcome = LayerReport["outcome"];

/** What needs a look comes first. */
export const OUTCOMES: readonly Outcome[] = ["placeholder", "converted", "ok"];

const PREFIX = "layerloom.import.";
const LAST = `${PREFIX}designs`;
/** Browsers keep a few megabytes; a report of a large network takes some hundred thousand. */
const MOST = 12;

function designs(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(LAST) ?? "[]");
    return Array.isArray(list) ? list.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** Keep a report; the oldest ones are forgotten. A browser that keeps nothing does without. */
export function keepReport(design: string, report: ImportReport): void {
  const list = [design, ...designs().filter((id) => id !== design)];
  for (const id of list.slice(MOST)) localStorage.removeItem(PREFIX + id);
  try {
    localStorage.setItem(PREFIX + design, JSON.stringify(report));
    localStorage.setItem(LAST, JSON.stringify(list.slice(0, MOST)));
  } catch {
    localStorage.removeItem(PREFIX + design);
  }
}

export function findReport(design: string): ImportReport | null {
  try {
    const text = localStorage.getItem(PREFIX + design);
    return text ? (JSON.parse(text) as ImportReport) : null;
  } catch {
    return null;
  }
}

export function countOf(layers: readonly LayerReport[], outcome: Outcome): number {
  return layers.filter((layer) => layer.outcome === outcome).length;
}

/** The layers with one of `outcomes` whose name, class or note fits `query`, what needs a look first. */
export function filterReport(
  layers: readonly LayerReport[],
  outcomes: ReadonlySet<Outcome>,
  query: string,
): LayerReport[] {
  const sought = query.trim().toLowerCase();
  return layers
    .filter((layer) => outcomes.size === 0 || outcomes.has(layer.outcome))
    .filter((layer) => `${layer.name} ${layer.class_name} ${layer.note}`.toLowerCase().includes(sought))
    .sort((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
}
