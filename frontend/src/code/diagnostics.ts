import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { Fault } from "@/api/code";

interface Words {
  expected: string;
  received: string;
}

/** Faults as marks of the editor: from the place to the end of its word, never beyond the text. */
export function diagnosticsOf(doc: Text, faults: readonly Fault[], words: Words): Diagnostic[] {
  return faults.map((fault) => {
    const line = doc.line(Math.min(Math.max(1, fault.line), doc.lines));
    const start = fault.column < 0 ? line.text.search(/\S|$/) : fault.column;
    const from = Math.min(line.from + start, line.to);
    const word = /^\w+/.exec(line.text.slice(from - line.from));
    const end = fault.column < 0 ? line.to : from + Math.max(1, word?.[0].length ?? 1);
    return {
      from,
      to: Math.min(line.to, end),
      severity: fault.severity,
      message: fault.message,
      renderMessage: () => render(fault, words),
    };
  });
}

function render(fault: Fault, words: Words): Node {
  const box = document.createElement("div");
  const lines = [
    ["", fault.message],
    [words.expected, fault.expected],
    [words.received, fault.received],
    ["", fault.hint],
  ] as const;
  for (const [title, text] of lines) {
    if (!text) continue;
    const row = box.appendChild(document.createElement("div"));
    if (title) row.appendChild(document.createElement("b")).textContent = `${title} `;
    row.append(text);
  }
  return box;
}
