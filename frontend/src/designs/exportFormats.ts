import {
  type Icon,
  IconBook2,
  IconBoxModel2,
  IconBraces,
  IconBrandPython,
  IconChartDots3,
  IconDeviceMobile,
  IconFileText,
  IconFileZip,
  IconPhoto,
  IconPolygon,
  IconServer2,
  IconTopologyStar3,
  IconVectorTriangle,
  IconWeight,
} from "@tabler/icons-react";
import type { ExportFormat } from "@/api/exports";

/** What can be taken along: files that the server writes, and pictures that the canvas draws itself. */
export type Choice = ExportFormat | "canvas_svg" | "canvas_png";

interface ChoiceSpec {
  choice: Choice;
  suffix: string;
  icon: Icon;
  /** Holds values, so that a run may give them. */
  weights?: boolean;
}

export const GROUPS: readonly { name: string; choices: readonly ChoiceSpec[] }[] = [
  {
    name: "keras",
    choices: [
      { choice: "keras", suffix: ".keras", icon: IconFileZip, weights: true },
      { choice: "h5", suffix: ".h5", icon: IconBoxModel2, weights: true },
      { choice: "weights", suffix: ".weights.h5", icon: IconWeight, weights: true },
      { choice: "json", suffix: ".json", icon: IconBraces },
    ],
  },
  {
    name: "code",
    choices: [
      { choice: "python", suffix: ".py", icon: IconBrandPython },
      { choice: "notebook", suffix: ".ipynb", icon: IconBook2 },
    ],
  },
  {
    name: "runtimes",
    choices: [
      { choice: "savedmodel", suffix: ".zip", icon: IconServer2, weights: true },
      { choice: "onnx", suffix: ".onnx", icon: IconPolygon, weights: true },
      { choice: "litert", suffix: ".tflite", icon: IconDeviceMobile, weights: true },
    ],
  },
  {
    name: "pictures",
    choices: [
      { choice: "canvas_svg", suffix: ".svg", icon: IconVectorTriangle },
      { choice: "canvas_png", suffix: ".png", icon: IconPhoto },
      { choice: "plot_svg", suffix: ".svg", icon: IconChartDots3 },
      { choice: "plot_png", suffix: ".png", icon: IconChartDots3 },
      { choice: "summary", suffix: ".txt", icon: IconFileText },
    ],
  },
  { name: "layerloom", choices: [{ choice: "design", suffix: ".json", icon: IconTopologyStar3 }] },
];

const SPECS = new Map(GROUPS.flatMap(({ choices }) => choices).map((spec) => [spec.choice, spec]));

export function choiceSpec(choice: Choice): ChoiceSpec {
  return SPECS.get(choice) as ChoiceSpec;
}

/** What the holder of a share link may take along: the design, not what is built from it. */
export function isForVisitors(choice: Choice): boolean {
  return choice === "design" || choice === "canvas_svg" || choice === "canvas_png";
}

export function isPicture(choice: Choice): choice is "canvas_svg" | "canvas_png" {
  return choice === "canvas_svg" || choice === "canvas_png";
}
