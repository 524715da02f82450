import type { Template } from "@/api/types";

export const SIZES = ["any", "small", "medium", "large"] as const;
export type Size = (typeof SIZES)[number];

/** Parameters up to which a design counts as small and as medium: what a laptop trains in minutes, and in hours. */
const LIMITS = { small: 1_000_000, medium: 30_000_000 };

export interface Filter {
  query: string;
  /** A group of the gallery, or "" for all. */
  group: string;
  size: Size;
  /** Only designs that train at once on a data set that is here. */
  trainable: boolean;
}

export const NO_FILTER: Filter = { query: "", group: "", size: "any", trainable: false };

export function sizeOf(parameters: number): Size {
  return parameters <= LIMITS.small ? "small" : parameters <= LIMITS.medium ? "medium" : "large";
}

function words(template: Template): string {
  const { title, summary, category, data, reference } = template;
  return [title, summary, category, data, reference.text].join(" ").toLowerCase();
}

/** The templates that pass every part of `filter`; every word of the query must be found. */
export function passing(templates: readonly Template[], filter: Filter): Template[] {
  const sought = filter.query.toLowerCase().split(/\s+/).filter(Boolean);
  return templates.filter(
    (template) =>
      (filter.group === "" || template.category === filter.group) &&
      (filter.size === "any" || sizeOf(template.parameters) === filter.size) &&
      (!filter.trainable || template.dataset !== null) &&
      sought.every((word) => words(template).includes(word)),
  );
}

/** Templates by their group, groups in the order in which they first come. */
export function byGroup(templates: readonly Template[]): [string, Template[]][] {
  const groups = new Map<string, Template[]>();
  for (const template of templates) {
    groups.set(template.category, [...(groups.get(template.category) ?? []), template]);
  }
  return [...groups];
}
