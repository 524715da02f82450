const DEFINED = /^(?:class|def) +([A-Za-z_]\w*)/gm;
const IDENTIFIER = /^[A-Za-z_]\w{0,127}$/;

/** The classes and functions that `source` defines at its top, in its order. */
export function definedNames(source: string): string[] {
  return Array.from(source.matchAll(DEFINED), (match) => match[1] ?? "");
}

/** Whether Python takes `name` as the name of a class or function. */
export function isPythonName(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** The name that `source` defines, and `source` with a name that is not taken yet: `Scale`, `Scale2`. */
export function freeSource(source: string, taken: ReadonlySet<string>): { name: string; source: string } {
  const defined = definedNames(source)[0] ?? "";
  let name = defined;
  for (let number = 2; taken.has(name); number += 1) name = `${defined}${number}`;
  return { name, source: renamed(source, defined, name) };
}

/** `source` with the whole word `from` as `to`. */
export function renamed(source: string, from: string, to: string): string {
  if (!isPythonName(from)) return source;
  return source.replace(new RegExp(`(?<![\\w.])${from}(?!\\w)`, "g"), to);
}
