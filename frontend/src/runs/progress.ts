import { hasEnded } from "@/api/runs";
import type { RunDetail } from "@/api/types";
import type { LiveRun } from "./liveRun";

export interface Pace {
  epoch: number;
  epochs: number;
  /** From 0 to 1. */
  done: number;
  step: number;
}

/** Where a run is, from what the server last said and what the socket has told since. */
export function paceOf(run: RunDetail, live: LiveRun | undefined): Pace {
  const epochs = run.started?.epochs ?? run.epochs ?? 0;
  const step = Math.max(live?.step ?? 0, live?.progress?.step ?? run.progress?.step ?? 0);
  const ended = Math.max(live?.epochs ?? 0, hasEnded(run.state) ? (run.epoch ?? 0) : 0);
  const perEpoch = run.started?.steps_per_epoch ?? 0;
  const running = perEpoch > 0 && step > 0 ? Math.ceil(step / perEpoch) : ended;
  const epoch = Math.min(epochs || 1, Math.max(running, ended, run.epoch ?? 0));
  const total = epochs * perEpoch;
  const done = run.state === "finished" ? 1 : total > 0 ? step / total : epochs > 0 ? ended / epochs : 0;
  return { epoch, epochs, step, done: Math.min(1, Math.max(0, done)) };
}
