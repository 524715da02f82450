import type { Code, CodeKind } from "@/document";
import { definedNames, freeSource, renamed } from "./pieceName";
import activation from "./templates/activation.py?raw";
import callback from "./templates/callback.py?raw";
import cell from "./templates/cell.py?raw";
import fn from "./templates/function.py?raw";
import initializer from "./templates/initializer.py?raw";
import layer from "./templates/layer.py?raw";
import loss from "./templates/loss.py?raw";
import metric from "./templates/metric.py?raw";
import regularizer from "./templates/regularizer.py?raw";

/** What a piece of own code may be. An RNN cell is a layer. */
export const TEMPLATES = {
  layer: { kind: "layers", source: layer },
  cell: { kind: "layers", source: cell },
  loss: { kind: "losses", source: loss },
  metric: { kind: "metrics", source: metric },
  callback: { kind: "callbacks", source: callback },
  function: { kind: "functions", source: fn },
  initializer: { kind: "initializers", source: initializer },
  regularizer: { kind: "regularizers", source: regularizer },
  activation: { kind: "activations", source: activation },
} as const satisfies Record<string, { kind: CodeKind; source: string }>;

export type TemplateName = keyof typeof TEMPLATES;
export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as TemplateName[];

/** A piece for a layer called `name`, or like it where that is taken. */
export function ownLayer(name: string, taken: ReadonlySet<string>): Code {
  const { kind, source } = TEMPLATES.layer;
  const [defined = ""] = definedNames(source);
  return { kind, ...freeSource(renamed(source, defined, name), taken) };
}
