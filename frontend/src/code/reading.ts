import { pythonLanguage } from "@codemirror/lang-python";
import { definedNames } from "./pieceName";

export interface ReadFault {
  key: "syntax" | "missing" | "otherName";
  line: number;
  column: number;
  received: string;
}

const MOST = 20;

/** What is wrong with the text of a piece called `name`, as far as the editor's own grammar sees it. */
export function readFaults(source: string, name: string): ReadFault[] {
  const faults: ReadFault[] = [];
  const place = (position: number) => {
    const before = source.slice(0, position);
    return { line: before.split("\n").length, column: position - before.lastIndexOf("\n") - 1 };
  };
  pythonLanguage.parser.parse(source).iterate({
    enter: (node) => {
      if (!node.type.isError || faults.length >= MOST) return;
      const at = Math.min(node.from, source.trimEnd().length);
      const received =
        source
          .slice(at, at + 40)
          .split("\n")[0]
          ?.trim() ?? "";
      if (faults.at(-1)?.line !== place(at).line) faults.push({ key: "syntax", ...place(at), received });
    },
  });
  if (faults.length > 0) return faults;
  const defined = definedNames(source);
  if (defined.includes(name)) return [];
  const [other] = defined;
  if (other === undefined) return [{ key: "missing", line: 1, column: 0, received: "" }];
  const at = new RegExp(`^(?:class|def) +${other}\\b`, "m").exec(source);
  return [
    { key: "otherName", ...place((at?.index ?? 0) + (at?.[0].length ?? 0) - other.length), received: other },
  ];
}
