import { type AlignedColumns, align, type Points } from "@/lib/align";
import { smooth } from "@/lib/smoothing";
import type { Basis, LiveRun } from "./liveRun";

export type Split = "train" | "validation";

/** One line of a chart. `raw` lines stand faintly behind their smoothed ones. */
export interface Line {
  key: string;
  runId: string;
  split: Split;
  raw: boolean;
}

export interface Table {
  lines: Line[];
  columns: AlignedColumns;
  /** How many points of training (or, where there are none, of validation) are drawn. */
  points: number;
}

export interface Look {
  basis: Basis;
  smoothing: number;
  logarithmic: boolean;
}

/** The metrics that the runs know, without `val_`; the loss stands first. */
export function metricsOf(runs: readonly LiveRun[]): string[] {
  const names = new Set<string>();
  for (const run of runs) {
    for (const metric of [...run.batch.keys(), ...run.epoch.keys()]) names.add(metric.replace(/^val_/, ""));
  }
  names.delete("loss");
  const sorted = [...names].filter((name) => name !== "learning_rate");
  return ["loss", ...sorted];
}

function train(run: LiveRun, metric: string, basis: Basis): Points {
  const curve = (basis === "batch" ? run.batch : run.epoch).get(metric);
  return curve ? { x: curve.x, y: curve.y } : { x: [], y: [] };
}

function validation(run: LiveRun, metric: string, basis: Basis): Points {
  const curve = run.epoch.get(`val_${metric}`);
  if (!curve) return { x: [], y: [] };
  return { x: basis === "epoch" ? curve.x : curve.x.map((epoch) => run.epochToStep(epoch)), y: curve.y };
}

/** The columns of one metric's chart: training and validation of every run, smoothed or not. */
export function tableOf(runs: readonly LiveRun[], metric: string, look: Look): Table {
  const lines: Line[] = [];
  const points: Points[] = [];
  let drawn = 0;
  const add = (runId: string, split: Split, raw: boolean, data: Points) => {
    lines.push({ key: `${runId}-${split}${raw ? "-raw" : ""}`, runId, split, raw });
    points.push(data);
  };
  for (const run of runs) {
    const trained = train(run, metric, look.basis);
    const validated = validation(run, metric, look.basis);
    drawn += trained.x.length || validated.x.length;
    if (look.smoothing > 0) add(run.id, "train", true, trained);
    const curve = look.smoothing > 0 ? { x: trained.x, y: smooth(trained.y, look.smoothing) } : trained;
    add(run.id, "train", false, curve);
    add(run.id, "validation", false, validated);
  }
  return { lines, columns: align(points, look.logarithmic), points: drawn };
}
