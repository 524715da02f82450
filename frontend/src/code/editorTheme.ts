import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", color: "var(--mantine-color-text)", background: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--mantine-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-gutters": {
    color: "light-dark(#687082, #8791a6)",
    background: "var(--loom-surface)",
    borderRight: "1px solid var(--loom-border)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { background: "light-dark(#5b6a9a12, #aab6e00f)" },
  ".cm-line": { padding: "0 14px 0 10px" },
  ".cm-selectedNode": {
    background: "color-mix(in srgb, var(--mantine-primary-color-filled) 12%, transparent)",
    boxShadow: "inset 3px 0 0 var(--mantine-primary-color-filled)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "light-dark(#c9d2fb, #38446e)",
  },
  ".cm-tooltip": {
    color: "var(--mantine-color-text)",
    background: "var(--mantine-color-body)",
    border: "1px solid var(--loom-border)",
    borderRadius: "8px",
    boxShadow: "var(--mantine-shadow-md)",
    overflow: "hidden",
    zIndex: "300",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mantine-font-family-monospace)",
    maxHeight: "15em",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    color: "var(--mantine-primary-color-light-color)",
    background: "var(--mantine-primary-color-light)",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.65" },
  ".cm-completionInfo": { maxWidth: "320px", padding: "8px 10px", lineHeight: "1.45" },
  ".cm-panels": {
    color: "var(--mantine-color-text)",
    background: "var(--loom-faint)",
    borderColor: "var(--loom-border)",
  },
  ".cm-panel.cm-search": { padding: "6px 28px 6px 8px" },
  ".cm-textfield": {
    color: "inherit",
    background: "var(--loom-surface)",
    border: "1px solid var(--loom-border)",
    borderRadius: "5px",
  },
  ".cm-button": {
    color: "inherit",
    background: "var(--loom-surface)",
    border: "1px solid var(--loom-border)",
    borderRadius: "5px",
  },
  ".cm-diagnostic": { padding: "7px 10px", maxWidth: "420px", lineHeight: "1.45" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--mantine-color-red-filled)" },
  ".cm-diagnostic b": { fontWeight: "600" },
  ".cm-foldPlaceholder": {
    color: "inherit",
    background: "var(--loom-faint)",
    border: "none",
    padding: "0 6px",
  },
});

const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "light-dark(#7a2fc4, #c49bff)" },
  { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#1c7046, #8fd6ae)" },
  { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#a85300, #f2b57c)" },
  { tag: tags.comment, color: "light-dark(#6d7688, #8c95a8)", fontStyle: "italic" },
  { tag: [tags.className, tags.definition(tags.className)], color: "light-dark(#0b6a80, #7fd0e4)" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
    color: "light-dark(#2f46c8, #a3b1ff)",
  },
  { tag: [tags.definition(tags.variableName), tags.propertyName], color: "light-dark(#233046, #d6dced)" },
  { tag: [tags.self, tags.meta], color: "light-dark(#9c2f6d, #ee9ccb)" },
  { tag: tags.invalid, color: "var(--mantine-color-red-filled)" },
]);

/** The editor in the colours of the page, light and dark. */
export const editorTheme = [look, syntaxHighlighting(colors)];
