import { type ColorBy, useEditorView } from "@/actions";
import { type CategoryStyle, layerSpec, layerStyle } from "@/catalog";
import type { DesignContent } from "@/document";
import { type FactIndex, type Measure, measured, type NodeFacts, useFacts } from "./facts";
import type { FlowNode } from "./LayerNode";

/** From little to much, on a light and on a dark canvas. */
const RAMPS = {
  light: ["#c9d3ea", "#8fa5e0", "#5f6ee0", "#8a3fc4", "#b3206f"],
  dark: ["#39435c", "#4c63b0", "#7d8bf5", "#c07af0", "#ff7ab8"],
} as const;
const UNKNOWN = { light: "#d5dae4", dark: "#343c4d" };

export type Scheme = "light" | "dark";

/** Where a value stands between nothing and the largest, by its order of magnitude: 0 to 1. */
export function share(value: number, largest: number): number {
  if (value <= 0 || largest <= 0) return 0;
  return Math.min(1, Math.log1p(value) / Math.log1p(largest)) ** 3;
}

/** The colour of a value. */
export function rampColor(part: number, scheme: Scheme): string {
  const ramp = RAMPS[scheme];
  const at = Math.max(0, Math.min(1, part)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  return mix(ramp[low] ?? ramp[0], ramp[low + 1] ?? ramp[0], at - low);
}

export function rampGradient(scheme: Scheme): string {
  return `linear-gradient(90deg, ${RAMPS[scheme].join(", ")})`;
}

/** The colour that a card tells its type or its cost with. */
export function cardColor(
  by: ColorBy,
  style: CategoryStyle,
  facts: NodeFacts,
  largest: number,
  scheme: Scheme,
): string {
  if (by === "type") return style[scheme];
  const value = measured(facts.analysis, by);
  return value === undefined ? UNKNOWN[scheme] : rampColor(share(value, largest), scheme);
}

/** A collapsed block has a colour of its own, or that of its most costly layer. */
const BLOCK = { light: "#3849bd", dark: "#a5b0ff" } as const;

export function blockColor(
  by: ColorBy,
  members: readonly NodeFacts[],
  largest: number,
  scheme: Scheme,
): string {
  if (by === "type") return BLOCK[scheme];
  const known = members.map((facts) => measured(facts.analysis, by)).filter((value) => value !== undefined);
  return known.length ? rampColor(share(Math.max(...known), largest), scheme) : UNKNOWN[scheme];
}

/** The colour of a card where it is painted, not mounted. */
export function paintedColor(
  { id, data }: FlowNode,
  content: DesignContent,
  facts: FactIndex,
  by: ColorBy,
  scheme: Scheme,
): string {
  const largest = by === "type" ? 0 : facts.largest(by);
  const members = data.block?.nodes.map((member) => facts.of(member));
  if (members) return blockColor(by, members, largest, scheme);
  const layer = content.layers[content.nodes[id]?.layer ?? ""];
  return cardColor(by, layerStyle(layerSpec(layer?.class_name ?? "")), facts.of(id), largest, scheme);
}

/** The colouring that is chosen, with the largest value of it in the design. */
export function useColoring(): { by: ColorBy; largest: number } {
  const by = useEditorView((view) => view.colorBy);
  const largest = useFacts((index) => (by === "type" ? 0 : index.largest(by as Measure)));
  return { by, largest };
}

function mix(from: string, to: string, part: number): string {
  const channel = (color: string, index: number) =>
    Number.parseInt(color.slice(1 + 2 * index, 3 + 2 * index), 16);
  const parts = [0, 1, 2].map((index) =>
    Math.round(channel(from, index) + (channel(to, index) - channel(from, index)) * part)
      .toString(16)
      .padStart(2, "0"),
  );
  return `#${parts.join("")}`;
}
