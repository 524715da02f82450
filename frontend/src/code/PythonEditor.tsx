import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, type Extension, Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Fault } from "@/api/code";
import { smallestChange } from "./change";
import { completeKeras } from "./completion";
import { diagnosticsOf } from "./diagnostics";
import { editorTheme } from "./editorTheme";
import { type LineRange, lineMarks, markLines, startOfLine } from "./lineMarks";

export interface PythonEditorProps {
  value: string;
  /** What the text is, for a screen reader. */
  label: string;
  readOnly?: boolean;
  faults?: readonly Fault[];
  /** Lines to mark, such as those of the selected layers; the first one is brought into view. */
  marked?: readonly LineRange[];
  onChange?: (text: string) => void;
  /** The person put the cursor on this line, counted from 1. */
  onLine?: (line: number) => void;
  /** Ctrl/Cmd+Enter. */
  onSubmit?: () => void;
  testId?: string;
}

const NO_FAULTS: readonly Fault[] = [];
const NO_LINES: readonly LineRange[] = [];
const fromOutside = Annotation.define<boolean>();

const common: Extension[] = [
  lineNumbers(),
  foldGutter(),
  lintGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  indentUnit.of("    "),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ icons: false }),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  python(),
  pythonLanguage.data.of({ autocomplete: completeKeras }),
  lineMarks,
  editorTheme,
];

const keys = [
  ...closeBracketsKeymap,
  ...completionKeymap,
  ...searchKeymap,
  ...foldKeymap,
  ...lintKeymap,
  ...historyKeymap,
  ...defaultKeymap,
  indentWithTab,
];

/** Python to read or write. A text given anew is taken over as one small change, so cursor and scroll stay. */
export function PythonEditor(props: PythonEditorProps) {
  const { value, label, readOnly = false, faults = NO_FAULTS, marked = NO_LINES, testId } = props;
  const { t, i18n } = useTranslation("code");
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const rights = useRef(new Compartment());
  const latest = useRef(props);
  latest.current = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes later is sent to the editor by the effects below
  useEffect(() => {
    if (!place.current) return;
    const own = [
      keymap.of([
        {
          key: "Mod-Enter",
          run: () => {
            latest.current.onSubmit?.();
            return latest.current.onSubmit !== undefined;
          },
        },
        ...keys,
      ]),
      EditorState.phrases.of(t("phrases", { returnObjects: true }) as Record<string, string>),
      EditorView.updateListener.of((update) => {
        const ours = update.transactions.some((transaction) => transaction.annotation(fromOutside));
        if (update.docChanged && !ours) latest.current.onChange?.(update.state.doc.toString());
        if (update.transactions.some((transaction) => transaction.isUserEvent("select"))) {
          latest.current.onLine?.(update.state.doc.lineAt(update.state.selection.main.head).number);
        }
      }),
      rights.current.of(writing(readOnly, label, t("leave"))),
    ];
    const editor = new EditorView({ doc: value, extensions: [...own, ...common], parent: place.current });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [i18n.language]);

  useEffect(() => {
    const now = writing(readOnly, label, t("leave"));
    view.current?.dispatch({ effects: rights.current.reconfigure(now) });
  }, [readOnly, label, t]);

  useEffect(() => {
    const editor = view.current;
    const changes = editor && smallestChange(editor.state.doc.toString(), value);
    if (!changes) return;
    editor.dispatch({
      changes,
      annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)],
    });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const words = { expected: t("common:error.expected"), received: t("common:error.received") };
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state.doc, faults, words)));
  }, [faults, t]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const [first] = marked;
    const at = first ? startOfLine(editor.state.doc, first.from) : null;
    const reveal = at !== null && !editor.hasFocus ? [EditorView.scrollIntoView(at, { yMargin: 48 })] : [];
    editor.dispatch({ effects: [markLines.of(marked), ...reveal] });
  }, [marked]);

  return <div ref={place} style={{ height: "100%", minHeight: 0 }} data-testid={testId} />;
}

function writing(readOnly: boolean, label: string, leaving: string): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({
      "aria-label": label,
      "aria-description": leaving,
      tabindex: "0",
      spellcheck: "false",
      autocapitalize: "off",
    }),
  ];
}
