import { describe, expect, it } from "vitest";
import type { RunDetail, RunEvent } from "@/api/types";
import { metricsOf, tableOf } from "./curveTables";
import { LiveRun } from "./liveRun";
import { paceOf } from "./progress";
import { readZoom, writeZoom } from "./viewState";

const STARTED = {
  event: "started",
  seq: 2,
  time: 0,
  epochs: 4,
  steps_per_epoch: 10,
  batch_size: 32,
  train_samples: 320,
  validation_samples: 80,
  test_samples: 40,
  parameters: 7,
  trainable_parameters: 7,
  metrics: ["loss", "accuracy"],
  defaults: {},
} as const satisfies RunEvent;

function batch(step: number): RunEvent {
  const logs = { loss: 1 / step, accuracy: step === 3 ? Number.NaN : step / 100 };
  return { event: "batch", seq: 2 + step, time: step, epoch: 1, batch: step, step, logs };
}

function epoch(number: number): RunEvent {
  const logs = { loss: 0.5, accuracy: 0.8, val_loss: 0.6 / number, val_accuracy: 0.7 };
  return {
    event: "epoch",
    seq: 100 * number,
    time: 0,
    epoch: number,
    step: number * 10,
    logs,
    seconds: 1,
    learning_rate: 0.1,
  };
}

const BATCHES = Array.from({ length: 20 }, (_, index) => batch(index + 1));
const SMOOTH = { basis: "batch", smoothing: 0.5, logarithmic: false } as const;
const PLAIN = { basis: "epoch", smoothing: 0, logarithmic: false } as const;

function live(): LiveRun {
  const run = new LiveRun("r1");
  run.stepsPerEpoch = 10;
  run.take([...BATCHES.slice(0, 12), epoch(1)]);
  run.take([...BATCHES.slice(8), epoch(1), epoch(2)]);
  return run;
}

describe("LiveRun", () => {
  it("takes each point once, although events come twice", () => {
    const run = live();
    expect([...(run.batch.get("loss")?.x ?? [])]).toEqual(BATCHES.map((_, index) => index + 1));
    expect([...(run.epoch.get("val_loss")?.y ?? [])]).toEqual([0.6, 0.3]);
    expect([run.step, run.epochs]).toEqual([20, 2]);
    expect(run.logs).toEqual({ loss: 0.5, accuracy: 0.8, val_loss: 0.3, val_accuracy: 0.7 });
  });

  it("reads the words that stand for what JSON has no number for", () => {
    const run = new LiveRun("r1");
    const logs = { loss: "NaN" as unknown as number };
    run.take([{ event: "batch", seq: 1, time: 0, epoch: 1, batch: 1, step: 1, logs }]);
    expect(run.batch.get("loss")?.lastY).toBeNaN();
  });

  it("keeps its log in order and without doubles", () => {
    const run = new LiveRun("r1");
    const lines = [3, 1, 2].map(
      (seq) => ({ event: "log", seq, time: 0, level: "info", text: `${seq}` }) as const,
    );
    run.take(lines);
    run.take(lines.slice(1));
    expect(run.lines.map((line) => line.seq)).toEqual([1, 2, 3]);
  });
});

describe("the tables of the charts", () => {
  it("has a chart for each metric, the loss first, training and validation together", () => {
    expect(metricsOf([live()])).toEqual(["loss", "accuracy"]);
  });

  it("puts validation at the last batch of its epoch", () => {
    const { lines, columns, points } = tableOf([live()], "loss", SMOOTH);
    expect(lines.map((line) => line.key)).toEqual(["r1-train-raw", "r1-train", "r1-validation"]);
    const validation = columns[3] as (number | null)[];
    expect(columns[0].indexOf(10)).toBe(validation.indexOf(0.6));
    expect(columns[0].indexOf(20)).toBe(validation.indexOf(0.3));
    expect(points).toBe(20);
  });

  it("draws one point an epoch, unsmoothed, when asked to", () => {
    const { lines, columns } = tableOf([live()], "accuracy", PLAIN);
    expect(lines.map((line) => line.key)).toEqual(["r1-train", "r1-validation"]);
    expect(columns).toEqual([Float64Array.from([1, 2]), [0.8, 0.8], [0.7, 0.7]]);
  });

  it("lays runs over each other by their steps", () => {
    const other = new LiveRun("r2");
    other.take(BATCHES.slice(0, 5));
    const { lines, columns } = tableOf([live(), other], "accuracy", { ...SMOOTH, smoothing: 0 });
    const column = columns[1 + lines.findIndex((line) => line.key === "r2-train")] as (number | null)[];
    expect(column).toEqual([0.01, 0.02, null, 0.04, 0.05, ...new Array(15).fill(null)]);
  });
});

describe("the pace", () => {
  const run = {
    state: "running",
    started: STARTED,
    progress: null,
    epochs: 4,
    epoch: null,
  } as unknown as RunDetail;

  it("counts what the socket told since the server was asked", () => {
    expect(paceOf(run, live())).toEqual({ epoch: 2, epochs: 4, step: 20, done: 0.5 });
  });

  it("knows nothing before the first batch, and everything after the last", () => {
    expect(paceOf(run, undefined)).toEqual({ epoch: 0, epochs: 4, step: 0, done: 0 });
    expect(paceOf({ ...run, state: "finished", epoch: 4 }, undefined)).toMatchObject({ epoch: 4, done: 1 });
  });
});

describe("the zoom in the address", () => {
  it("comes back as it was written, to whole steps", () => {
    const range = { min: 12.2, max: 340.8 };
    expect(readZoom(writeZoom("batch", range), "batch")).toEqual({ min: 12, max: 341 });
  });

  it.each([null, "", "batch:5-5", "batch:9-2", "batch:-1-4", "epoch:1-4", "batch:1-4;x", "batch:1e3-2e3"])(
    "is left out when it is %s",
    (text) => {
      expect(readZoom(text, "batch")).toBeNull();
    },
  );
});
