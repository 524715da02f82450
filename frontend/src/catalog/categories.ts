import {
  type Icon,
  IconActivity,
  IconAdjustmentsHorizontal,
  IconArrowsJoin2,
  IconArrowsShuffle,
  IconBolt,
  IconBox,
  IconBrandPython,
  IconCode,
  IconEyeSearch,
  IconFilter,
  IconGridDots,
  IconLayersLinked,
  IconMathFunction,
  IconPackages,
  IconPuzzle,
  IconRefresh,
  IconRepeat,
  IconRotateRectangle,
  IconScale,
  IconTransform,
} from "@tabler/icons-react";
import type { ObjectSpec } from "./types";

/** How a category looks. `color` and `tint` are CSS values that follow the colour scheme by themselves. */
export interface CategoryStyle {
  icon: Icon;
  light: string;
  dark: string;
  color: string;
  tint: string;
}

export interface CategoryGroup {
  category: string;
  style: CategoryStyle;
  objects: ObjectSpec[];
}

function styled(icon: Icon, light: string, dark: string): CategoryStyle {
  const color = `light-dark(${light}, ${dark})`;
  return { icon, light, dark, color, tint: `color-mix(in srgb, ${color} 13%, transparent)` };
}

const NEUTRAL = styled(IconBox, "#5c6672", "#a3aebb");

/** The first entry whose pattern matches wins. */
const STYLES: readonly [RegExp, CategoryStyle][] = [
  [/^(ends|input|output|io)/, styled(IconLayersLinked, "#0f766e", "#5eead4")],
  [/^own/, styled(IconCode, "#8a3ffc", "#c9a8ff")],
  [/^operation|^ops/, styled(IconMathFunction, "#0f6b8a", "#6fd3ee")],
  [/^model$/, styled(IconBox, "#3849bd", "#a5b0ff")],
  [/augment|image/, styled(IconRotateRectangle, "#a8471d", "#f8a77a")],
  [/preprocess|text|audio|feature/, styled(IconFilter, "#92610a", "#f0c05a")],
  [/conv/, styled(IconGridDots, "#1d5fd1", "#7fb2ff")],
  [/pool/, styled(IconTransform, "#0b7a9c", "#62cdec")],
  [/recurrent|rnn/, styled(IconRepeat, "#7c3aed", "#bda1ff")],
  [/attention/, styled(IconEyeSearch, "#a21caf", "#ec93f7")],
  [/normal/, styled(IconScale, "#3f7d1f", "#9bd877")],
  [/regular/, styled(IconArrowsShuffle, "#b0305a", "#ff9dbb")],
  [/reshap/, styled(IconAdjustmentsHorizontal, "#4b56c9", "#a5adff")],
  [/merg/, styled(IconArrowsJoin2, "#b45309", "#fbb36b")],
  [/activ/, styled(IconActivity, "#c2410c", "#ff9d70")],
  [/wrap/, styled(IconPackages, "#57606f", "#b5becb")],
  [/core|dense|basic/, styled(IconBolt, "#15693b", "#72dba0")],
  [/quant|backend|framework|interop/, styled(IconBrandPython, "#5c6672", "#a3aebb")],
  [/nest|model/, styled(IconPuzzle, "#57606f", "#b5becb")],
  [/stateful|random/, styled(IconRefresh, "#57606f", "#b5becb")],
];

const cache = new Map<string, CategoryStyle>();

/** Icon and colours of a category, the same in the palette and on the canvas. */
export function categoryStyle(category: string | undefined): CategoryStyle {
  const key = (category ?? "").toLowerCase();
  let style = cache.get(key);
  if (!style) {
    style = STYLES.find(([pattern]) => pattern.test(key))?.[1] ?? NEUTRAL;
    cache.set(key, style);
  }
  return style;
}

/** What a network is made of most often comes first; other categories follow by name. */
const ORDER = [
  "ends",
  "core",
  "convolution",
  "pooling",
  "activation",
  "normalization",
  "regularization",
  "recurrent",
  "attention",
  "merging",
  "reshaping",
  "preprocessing",
  "image_preprocessing",
  "own",
  "own_cells",
  "operations",
];

/** The objects in groups by category, in the order of the palette. */
export function groupByCategory(objects: readonly ObjectSpec[]): CategoryGroup[] {
  const groups = new Map<string, CategoryGroup>();
  for (const spec of objects) {
    const category = spec.category ?? "";
    const group = groups.get(category) ?? { category, style: categoryStyle(category), objects: [] };
    group.objects.push(spec);
    groups.set(category, group);
  }
  return [...groups.values()].sort(
    (a, b) => rank(a.category) - rank(b.category) || (a.category < b.category ? -1 : 1),
  );
}

/** How a layer looks: as its category, except for the ends of a model. */
export function layerStyle(spec: ObjectSpec | undefined): CategoryStyle {
  if (spec?.kind === "operations") return categoryStyle("operations");
  return categoryStyle(spec?.marker === "model" ? "model" : spec?.marker ? "ends" : spec?.category);
}

/** What people call a class: `InputLayer` is the "Input" of the palette, `ops.mean` is `mean`. */
export function layerTitle(className: string): string {
  return className === "InputLayer" ? "Input" : className.replace(/^ops\./, "");
}

function rank(category: string): number {
  const index = ORDER.indexOf(category);
  return index < 0 ? ORDER.length : index;
}
