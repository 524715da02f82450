import { describe, expect, it } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatMetric,
  formatShape,
  metricTitle,
} from "./format";

describe("numbers", () => {
  it("groups counts and shortens large ones", () => {
    expect([formatCount(1_250_858), formatCompact(1_250_858), formatCompact(403)]).toEqual([
      "1,250,858",
      "1.25M",
      "403",
    ]);
  });

  it("shows bytes in units of 1,000 and never 1000 of one", () => {
    expect([0, 999, 1536, 452_311, 999_600, 1_100_000, 612_000_000].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.5 kB",
      "452 kB",
      "1 MB",
      "1.1 MB",
      "612 MB",
    ]);
  });

  it("shows metrics with four digits, and says what is not a number", () => {
    const shown = [0, 0.98765, 0.00002, 12.3456, 2900.15, 12_345_678, Number.NaN, "NaN", "-Infinity", null];
    expect(shown.map(formatMetric)).toEqual([
      "0.0000",
      "0.9877",
      "2.00e-5",
      "12.346",
      "2900.2",
      "1.23e+7",
      "NaN",
      "NaN",
      "-∞",
      "–",
    ]);
  });
});

describe("times", () => {
  it("carries seconds into minutes and minutes into hours", () => {
    expect([0.04, 4.25, 9.96, 59.4, 59.7, 125, 3600, 3725, 200_000].map(formatDuration)).toEqual([
      "0 s",
      "4.3 s",
      "10 s",
      "59 s",
      "1 min 0 s",
      "2 min 5 s",
      "1 h 0 min",
      "1 h 2 min",
      "2 d 8 h",
    ]);
  });

  it("speaks of the past up to two weeks, then names the day", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    const moments = [
      "2026-11-21T11:59:40Z",
      "2026-11-21T11:40:00Z",
      "2026-11-21T07:00:00Z",
      "2026-11-20T11:00:00Z",
      "2026-11-10T12:00:00Z",
      "2026-10-01T12:00:00Z",
    ];
    expect(moments.map((moment) => formatAgo(moment, now))).toEqual([
      "just now",
      "20 minutes ago",
      "5 hours ago",
      "yesterday",
      "11 days ago",
      "Oct 1, 2026",
    ]);
  });
});

describe("words", () => {
  it("writes shapes with what is open as a question mark", () => {
    expect([formatShape([null, 8, 8, 1]), formatShape([])]).toEqual(["? × 8 × 8 × 1", "scalar"]);
  });

  it("names a metric the same for training and validation", () => {
    expect(metricTitle("val_sparse_categorical_accuracy")).toBe(metricTitle("sparse_categorical_accuracy"));
  });
});
