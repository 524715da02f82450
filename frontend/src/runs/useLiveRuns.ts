import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { keys, queryClient } from "@/api/queryClient";
import { fetchRun } from "@/api/runs";
import { LiveRun, type Range } from "./liveRun";

/** A run nobody looks at is kept this long, so that ticking a box or changing the page does not load it anew. */
const LINGER_MS = 2_000;

const held = new Map<string, { run: LiveRun; holders: number }>();

function loadRun(id: string) {
  return queryClient.fetchQuery({ queryKey: keys.run(id), queryFn: () => fetchRun(id) });
}

function hold(id: string): LiveRun {
  const entry = held.get(id) ?? { run: new LiveRun(id), holders: 0 };
  if (!held.has(id)) {
    held.set(id, entry);
    void entry.run.start(() => loadRun(id));
  }
  entry.holders += 1;
  return entry.run;
}

function letGo(id: string): void {
  const entry = held.get(id);
  if (!entry) return;
  entry.holders -= 1;
  setTimeout(() => {
    if (entry.holders > 0 || held.get(id) !== entry) return;
    held.delete(id);
    entry.run.stop();
  }, LINGER_MS);
}

/** Keep the given runs loaded and live while mounted; the component is drawn again at most ten times a second. */
export function useLiveRuns(ids: readonly string[], range: Range | null = null): LiveRun[] {
  const [runs, setRuns] = useState<LiveRun[]>([]);
  const wanted = ids.join(" ");

  useEffect(() => {
    const names = wanted.split(" ").filter(Boolean);
    setRuns(names.map(hold));
    return () => names.forEach(letGo);
  }, [wanted]);

  const from = range?.min ?? null;
  const to = range?.max ?? null;
  useEffect(() => {
    for (const run of runs) run.zoom(from === null || to === null ? null : { min: from, max: to });
  }, [runs, from, to]);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") for (const run of runs) run.refresh();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [runs]);

  const store = useMemo(
    () => ({
      subscribe: (listener: () => void) => {
        const stops = runs.map((run) => run.subscribe(listener));
        return () => {
          for (const stop of stops) stop();
        };
      },
      version: () => runs.reduce((sum, run) => sum + run.version, 0),
    }),
    [runs],
  );
  useSyncExternalStore(store.subscribe, store.version);
  return runs;
}
