import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { type Catalog, getCatalog, type ObjectSpec } from "@/catalog";

interface Names {
  /** What follows a module: `keras.layers` -> its classes, `keras` -> its modules. */
  byModule: Map<string, Completion[]>;
  byName: Map<string, ObjectSpec>;
}

const known = new WeakMap<Catalog, Names>();

/** Every public name of the catalog, by the module it is in. */
export function namesOf(catalog: Catalog): Names {
  const found = known.get(catalog);
  if (found) return found;
  const names: Names = { byModule: new Map(), byName: new Map() };
  const modules = new Set<string>();
  for (const section of Object.values(catalog.objects)) {
    for (const spec of Object.values(section ?? {})) addName(names, modules, spec);
  }
  for (const module of [...modules].sort()) {
    const cut = module.lastIndexOf(".");
    if (cut > 0) add(names, module.slice(0, cut), { label: module.slice(cut + 1), type: "namespace" });
  }
  known.set(catalog, names);
  return names;
}

function addName(names: Names, modules: Set<string>, spec: ObjectSpec): void {
  const path = spec.qualified_name;
  const cut = path.lastIndexOf(".");
  if (!path.startsWith("keras.") || cut < 0 || names.byName.has(path)) return;
  names.byName.set(path, spec);
  const label = path.slice(cut + 1);
  const type = /^[A-Z]/.test(label) ? "class" : "function";
  add(names, path.slice(0, cut), { label, type, info: spec.summary || undefined });
  for (
    let module = path.slice(0, cut);
    module;
    module = module.slice(0, Math.max(0, module.lastIndexOf(".")))
  ) {
    modules.add(module);
  }
}

function add(names: Names, module: string, completion: Completion): void {
  const list = names.byModule.get(module) ?? [];
  list.push(completion);
  names.byModule.set(module, list);
}

/** `layers.Dense` after `from keras import layers` means `keras.layers.Dense`. */
function inKeras(path: string): string {
  return path === "keras" || path.startsWith("keras.") ? path : `keras.${path}`;
}

/** Completes modules, classes and functions of Keras, and the parameters inside a call of one of them. */
export function completeKeras(context: CompletionContext): CompletionResult | null {
  const catalog = getCatalog();
  if (!catalog) return null;
  const names = namesOf(catalog);
  const dotted = context.matchBefore(/[A-Za-z_][\w.]*\.\w*/);
  if (dotted) {
    const cut = dotted.text.lastIndexOf(".");
    const options = names.byModule.get(inKeras(dotted.text.slice(0, cut)));
    return options ? { from: dotted.from + cut + 1, options, validFor: /^\w*$/ } : null;
  }
  const word = context.matchBefore(/\w*/);
  const spec = calledAt(context.state, context.pos, names);
  if (!spec || !word || (word.from === word.to && !context.explicit)) return null;
  return { from: word.from, options: parameters(spec), validFor: /^\w*$/ };
}

function parameters(spec: ObjectSpec): Completion[] {
  return (spec.params ?? []).map((param) => ({
    label: `${param.name}=`,
    type: "property",
    detail: param.required
      ? undefined
      : String(param.default === null ? "None" : JSON.stringify(param.default)),
    info: param.help || undefined,
    boost: param.required ? 2 : param.advanced ? 0 : 1,
  }));
}

type SyntaxNode = ReturnType<typeof syntaxTree>["topNode"];

/** The Keras object whose arguments are being written at `position`. */
function calledAt(state: EditorState, position: number, names: Names): ObjectSpec | null {
  for (let node: SyntaxNode | null = syntaxTree(state).resolveInner(position, -1); node; node = node.parent) {
    if (node.name !== "ArgList" || position <= node.from) continue;
    const callee = node.parent?.firstChild;
    if (!callee || callee.name === "ArgList") return null;
    return names.byName.get(inKeras(state.sliceDoc(callee.from, callee.to).replace(/\s/g, ""))) ?? null;
  }
  return null;
}
