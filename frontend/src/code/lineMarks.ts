import { RangeSetBuilder, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";

/** Lines `from` to `to`, both included, counted from 1. */
export interface LineRange {
  from: number;
  to: number;
}

export const markLines = StateEffect.define<readonly LineRange[]>();

const layer = Decoration.line({ class: "cm-selectedNode" });

/** Where line `number` begins; the nearest line where the text has fewer. */
export function startOfLine(doc: Text, number: number): number {
  return doc.line(Math.min(Math.max(1, number), doc.lines)).from;
}

function decorate(doc: Text, ranges: readonly LineRange[]): DecorationSet {
  const numbers = new Set<number>();
  for (const { from, to } of ranges) {
    for (let number = Math.max(1, from); number <= Math.min(to, doc.lines); number += 1) numbers.add(number);
  }
  const builder = new RangeSetBuilder<Decoration>();
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const { from } = doc.line(number);
    builder.add(from, from, layer);
  }
  return builder.finish();
}

/** The marked lines; they move along with edits above them. */
export const lineMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) =>
    transaction.effects.reduce(
      (now, effect) => (effect.is(markLines) ? decorate(transaction.state.doc, effect.value) : now),
      marks.map(transaction.changes),
    ),
  provide: (field) => EditorView.decorations.from(field),
});
