import type { DesignSummary } from "@/api/types";

export const ORDERS = ["updated", "name", "created", "parameters"] as const;
export type Order = (typeof ORDERS)[number];

const COMPARE: Record<Order, (a: DesignSummary, b: DesignSummary) => number> = {
  updated: (a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at),
  created: (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at),
  name: (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }),
  parameters: (a, b) => (b.parameters ?? -1) - (a.parameters ?? -1),
};

/** The designs that fit `query` by their name or owner, in `order`. */
export function arrange(designs: readonly DesignSummary[], query: string, order: Order): DesignSummary[] {
  const sought = query.trim().toLowerCase();
  return designs
    .filter((design) => `${design.name} ${design.owner.name}`.toLowerCase().includes(sought))
    .sort(COMPARE[order]);
}
