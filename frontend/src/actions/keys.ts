import { ACTIONS, type Action } from "./registry";

/** What of a key press decides which action it means. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const ALSO: Record<string, string> = { "mod+y": "mod+shift+z", backspace: "delete", "=": "+" };
const TYPED = /^[^a-z0-9]$/;

/** A key press as shortcuts write it: `mod+shift+z`. Signs are what they print: Shift does not count for `?`. */
export function pressed({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyPress): string {
  const name = key.toLowerCase();
  const parts = [
    ctrlKey || metaKey ? "mod" : "",
    altKey ? "alt" : "",
    shiftKey && !TYPED.test(name) ? "shift" : "",
  ];
  return [...parts.filter(Boolean), name].join("+");
}

/** The action that a key press means, or null. */
export function actionFor(event: KeyPress & { code?: string }): Action | null {
  const typed = pressed(event);
  const digit = /^Digit(\d)$/.exec(event.code ?? "")?.[1];
  const wanted = digit && event.shiftKey && !event.ctrlKey && !event.metaKey ? `shift+${digit}` : typed;
  const name = ALSO[wanted] ?? wanted;
  return ACTIONS.find((action) => action.shortcut === name && !action.native) ?? null;
}

/** Whether keys that land on `target` are text that somebody types, or belong to a control that uses them. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest(
      "input, textarea, select, [contenteditable=true], [role=combobox], [role=dialog], [role=menu]",
    ) !== null
  );
}

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);
const SIGNS: Record<string, string> = isMac
  ? { mod: "⌘", shift: "⇧", alt: "⌥", delete: "⌫" }
  : { mod: "Ctrl", shift: "Shift", alt: "Alt", delete: "Del" };

/** The keys of an action as keyboards print them: `Ctrl+Shift+Z`, `⌘⇧Z`. */
export function shortcutKeys(shortcut: string): string[] {
  if (shortcut === "+") return ["+"];
  return shortcut.split("+").map((part) => SIGNS[part] ?? part.toUpperCase());
}

export function shortcutLabel(action: Pick<Action, "shortcut">): string {
  return action.shortcut ? shortcutKeys(action.shortcut).join(isMac ? "" : "+") : "";
}
