import { type ApiError, toApiError } from "@/api/errors";
import { keys, queryClient } from "@/api/queryClient";
import { fetchEvents, fetchSeries, followRun, hasEnded } from "@/api/runs";
import type { LogEvent, Logs, ProgressEvent, RunDetail, RunEvent, SeriesData } from "@/api/types";
import { Curve } from "@/lib/columns";

/** Told at most ten times a second that something came. */
const UPDATE_MS = 100;
const POINTS = 2000;
/** So many live points may pile up on a thinned curve before it is thinned anew by the server. */
const MOST_LIVE_POINTS = 20_000;
const MOST_LINES = 2000;
const EARLY_EVENTS = 200;

export type Basis = "batch" | "epoch";

export interface Range {
  min: number;
  max: number;
}

export type Connection = "loading" | "live" | "lost" | "ended" | "refused";

type Curves = Map<string, Curve>;

/** Curves of one run by metric, from what the series endpoint answered. */
function toCurves(series: readonly SeriesData[]): Curves {
  const filled = series.filter(({ step }) => step.length > 0);
  return new Map(filled.map(({ metric, step, value }) => [metric, Curve.from(step, value)]));
}

function curveOf(curves: Curves, metric: string): Curve {
  const found = curves.get(metric);
  if (found) return found;
  const made = new Curve();
  curves.set(metric, made);
  return made;
}

/** What is known of one run as it goes: its curves, its pace and its log, kept up by the run's socket. */
export class LiveRun {
  readonly id: string;
  batch: Curves = new Map();
  epoch: Curves = new Map();
  stepsPerEpoch: number | null = null;
  progress: ProgressEvent | null = null;
  /** Metrics of the last whole epoch. */
  logs: Logs | null = null;
  /** Metrics of the last batch. */
  batchLogs: Logs | null = null;
  epochs = 0;
  step = 0;
  lines: LogEvent[] = [];
  connection: Connection = "loading";
  error: ApiError | null = null;
  version = 0;

  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #unfollow: (() => void) | null = null;
  #stopped = false;
  #livePoints = 0;
  #range: Range | null = null;
  #loading = 0;
  /** The metrics of training, without `val_`; known once the run has started. */
  #metrics = new Set<string>();

  constructor(id: string) {
    this.id = id;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Load what was, then follow what comes, until `stop`. */
  async start(fetchRun: () => Promise<RunDetail>): Promise<void> {
    let run: RunDetail;
    try {
      run = await fetchRun();
    } catch (thrown) {
      this.error = toApiError(thrown);
      this.#connected("refused");
      return;
    }
    this.#takeRun(run);
    const lastSeq = await this.#load();
    if (this.#stopped) return;
    void this.#loadLines(run.last_seq);
    if (hasEnded(run.state)) {
      this.#connected("ended");
      return;
    }
    this.#unfollow = followRun(this.id, lastSeq, (events) => this.take(events), {
      onOpen: () => this.#connected("live"),
      onLost: (final) => this.#connected(final ? "refused" : "lost"),
      onRun: (next) => this.#takeRun(next),
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow?.();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#listeners.clear();
  }

  /** Show the batches of `range` as finely as fits (null: the whole run). */
  zoom(range: Range | null): void {
    if (range?.min === this.#range?.min && range?.max === this.#range?.max) return;
    this.#range = range;
    if (this.connection !== "loading") void this.#load();
  }

  /** Ask the server again, after a time in which the browser may have slept. */
  refresh(): void {
    if (this.connection === "live" || this.connection === "lost") void this.#load();
  }

  /** The steps at which validation, known per epoch, stands among the batches. */
  epochToStep(epoch: number): number {
    return this.stepsPerEpoch === null ? epoch : epoch * this.stepsPerEpoch;
  }

  /** Take events in, each once; what has come before is left out by its step. */
  take(events: readonly RunEvent[]): void {
    for (const event of events) this.#takeEvent(event);
    this.#changed();
    if (this.#livePoints > MOST_LIVE_POINTS) void this.#load();
  }

  #connected(connection: Connection): void {
    this.connection = connection;
    this.#changed();
  }

  #takeRun(run: RunDetail): void {
    this.stepsPerEpoch = run.started?.steps_per_epoch ?? this.stepsPerEpoch;
    for (const metric of run.started?.metrics ?? []) this.#metrics.add(metric);
    this.progress ??= run.progress;
    this.logs ??= run.logs;
    this.epochs = Math.max(this.epochs, run.epoch ?? 0);
    if (hasEnded(run.state) && this.connection === "live") this.connection = "ended";
    this.#changed();
  }

  #takeEvent(event: RunEvent): void {
    switch (event.event) {
      case "batch":
        this.step = Math.max(this.step, event.step);
        this.batchLogs = event.logs;
        for (const [metric, value] of Object.entries(event.logs)) {
          if (curveOf(this.batch, metric).append(event.step, Number(value))) this.#livePoints += 1;
        }
        break;
      case "epoch":
        this.step = Math.max(this.step, event.step);
        this.epochs = Math.max(this.epochs, event.epoch);
        this.logs = event.logs;
        for (const [metric, value] of Object.entries(event.logs)) {
          curveOf(this.epoch, metric).append(event.epoch, Number(value));
        }
        break;
      case "progress":
        this.progress = event;
        this.step = Math.max(this.step, event.step);
        break;
      case "log":
        this.#takeLines([event]);
        break;
      case "started":
        this.stepsPerEpoch = event.steps_per_epoch;
        for (const metric of event.metrics) this.#metrics.add(metric);
        this.#refetch();
        break;
      case "state":
      case "report":
      case "artifact":
        this.#refetch();
        break;
    }
  }

  #takeLines(lines: readonly LogEvent[]): void {
    const bySeq = new Map(this.lines.map((line) => [line.seq, line]));
    for (const line of lines) bySeq.set(line.seq, line);
    if (bySeq.size === this.lines.length) return;
    this.lines = [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-MOST_LINES);
  }

  #refetch(): void {
    void queryClient.invalidateQueries({ queryKey: keys.run(this.id) });
    void queryClient.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === "design" && queryKey[2] === "runs",
    });
  }

  async #load(): Promise<number> {
    const turn = ++this.#loading;
    const range = this.#range;
    try {
      const window = range ? { start: Math.floor(range.min), end: Math.ceil(range.max) } : {};
      const metrics = [...this.#metrics];
      if (metrics.length === 0) return 0;
      const byBatch = await fetchSeries(this.id, { metrics, by: "batch", points: POINTS, ...window });
      const byEpoch = await fetchSeries(this.id, {
        metrics: [...metrics, ...metrics.map((metric) => `val_${metric}`)],
        by: "epoch",
        points: POINTS,
      });
      if (this.#stopped || turn !== this.#loading) return byBatch.last_seq;
      const newer = this.#tail(byBatch.series, range);
      this.batch = toCurves(byBatch.series);
      for (const [metric, points] of newer) {
        for (const [x, y] of points) curveOf(this.batch, metric).append(x, y);
      }
      const epochs = toCurves(byEpoch.series);
      for (const [metric, curve] of this.epoch) {
        curve.x.forEach((x, index) => {
          curveOf(epochs, metric).append(x, curve.y[index] ?? Number.NaN);
        });
      }
      this.epoch = epochs;
      for (const curve of this.batch.values()) this.step = Math.max(this.step, curve.lastX);
      this.#livePoints = 0;
      this.error = null;
      this.#changed();
      return byBatch.last_seq;
    } catch (thrown) {
      this.error = toApiError(thrown);
      this.#changed();
      return 0;
    }
  }

  /** The live points that came while the server's answer was under way. */
  #tail(series: readonly SeriesData[], range: Range | null): [string, [number, number][]][] {
    if (range) return [];
    return series.map(({ metric, step }) => {
      const curve = this.batch.get(metric);
      const last = step.at(-1) ?? Number.NEGATIVE_INFINITY;
      const points: [number, number][] = [];
      if (curve) {
        curve.x.forEach((x, index) => {
          if (x > last) points.push([x, curve.y[index] ?? Number.NaN]);
        });
      }
      return [metric, points];
    });
  }

  async #loadLines(lastSeq: number): Promise<void> {
    try {
      const early = await fetchEvents(this.id, 0, EARLY_EVENTS);
      const late =
        lastSeq > EARLY_EVENTS ? await fetchEvents(this.id, Math.max(EARLY_EVENTS, lastSeq - 1000)) : null;
      if (this.#stopped) return;
      const events = [...early.events, ...(late?.events ?? [])];
      this.#takeLines(events.filter((event) => event.event === "log"));
      this.#changed();
    } catch {
      // The log is an extra; the curves say already that the server is away.
    }
  }

  #changed(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.version += 1;
      for (const listener of this.#listeners) listener();
    }, UPDATE_MS);
  }
}
