import { afterEach, describe, expect, it } from "vitest";
import type { LayerReport } from "@/api/types";
import { filterReport, findReport, keepReport, type Outcome } from "./importReports";

afterEach(() => localStorage.clear());

function layer(name: string, outcome: Outcome, note = ""): LayerReport {
  return { name, class_name: "Dense", outcome, note, line: 0 };
}

const LAYERS = [layer("a", "ok"), layer("b", "placeholder", "not in the catalog"), layer("c", "converted")];

describe("a report", () => {
  it("shows what needs a look first, of the chosen outcomes, by words", () => {
    const names = (outcomes: Outcome[], query = "") =>
      filterReport(LAYERS, new Set(outcomes), query).map(({ name }) => name);
    expect(names([])).toEqual(["b", "c", "a"]);
    expect(names(["ok", "converted"])).toEqual(["c", "a"]);
    expect(names([], "CATALOG")).toEqual(["b"]);
  });

  it("is found again for its design; the oldest of many are forgotten", () => {
    for (let number = 0; number < 20; number += 1) {
      keepReport(`d${number}`, { filename: `${number}.keras`, layers: LAYERS, notes: [] });
    }
    expect(findReport("d19")).toEqual({ filename: "19.keras", layers: LAYERS, notes: [] });
    expect([findReport("d7"), findReport("other")]).toEqual([null, null]);
    expect(findReport("d8")).not.toBeNull();
  });

  it("that is unreadable counts as none", () => {
    localStorage.setItem("layerloom.import.d", "{");
    localStorage.setItem("layerloom.import.designs", "{");
    expect(findReport("d")).toBeNull();
    keepReport("d", { filename: "f", layers: [], notes: [] });
    expect(findReport("d")?.filename).toBe("f");
  });
});
