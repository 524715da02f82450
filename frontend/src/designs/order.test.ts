import { expect, it } from "vitest";
import type { DesignSummary } from "@/api/types";
import { arrange, ORDERS } from "./order";

function design(name: string, owner: string, updated: number, created: number, parameters: number | null) {
  const day = (n: number) => `2026-11-${String(n).padStart(2, "0")}T00:00:00Z`;
  const summary: DesignSummary = {
    id: name,
    name,
    role: "owner",
    owner: { id: owner, name: owner },
    updated_at: day(updated),
    created_at: day(created),
    nodes: 1,
    parameters,
    thumbnail: null,
  };
  return summary;
}

const DESIGNS = [
  design("Net 10", "Ada", 3, 1, 500),
  design("net 9", "Grace", 1, 2, null),
  design("Wide", "Ada", 2, 3, 9000),
];

it.each([
  ["updated", ["Net 10", "Wide", "net 9"]],
  ["name", ["net 9", "Net 10", "Wide"]],
  ["created", ["Wide", "net 9", "Net 10"]],
  ["parameters", ["Wide", "Net 10", "net 9"]],
] as const)("sorts by %s", (order, names) => {
  expect(arrange(DESIGNS, "", order).map((one) => one.name)).toEqual(names);
  expect(ORDERS).toContain(order);
});

it("searches names and owners, whatever the case", () => {
  expect(arrange(DESIGNS, " NET ", "name").map((one) => one.name)).toEqual(["net 9", "Net 10"]);
  expect(arrange(DESIGNS, "grace", "name").map((one) => one.name)).toEqual(["net 9"]);
  expect(arrange(DESIGNS, "nothing", "name")).toEqual([]);
});
