import { describe, expect, it } from "vitest";
import i18n from "@/i18n";
import { actionFor, isTyping, pressed, shortcutKeys } from "./keys";
import { ACTIONS } from "./registry";

const press = (
  key: string,
  held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey" | "altKey", boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

describe("actions", () => {
  it("have a title, and a section of the sheet of keys, in words", () => {
    const wanted = ACTIONS.flatMap(({ id, group }) => [`actions:${id}.title`, `actions:section.${group}`]);
    expect(wanted.filter((key) => !i18n.exists(key))).toEqual([]);
  });
});

describe("keys", () => {
  it.each([
    [press("z", { ctrlKey: true }), "undo"],
    [press("z", { metaKey: true }), "undo"],
    [press("Z", { ctrlKey: true, shiftKey: true }), "redo"],
    [press("y", { ctrlKey: true }), "redo"],
    [press("Delete"), "delete"],
    [press("Backspace"), "delete"],
    [press("?", { shiftKey: true }), "shortcuts"],
    [{ ...press("!", { shiftKey: true }), code: "Digit1" }, "fit"],
    [press("d", { ctrlKey: true }), "duplicate"],
    [press("c"), "connect"],
    [press("c", { ctrlKey: true }), undefined],
    [press("q"), undefined],
  ])("%j mean %s", (event, id) => {
    expect(actionFor(event)?.id).toBe(id);
  });

  it("are written as shortcuts write them", () => {
    expect(pressed(press("A", { ctrlKey: true, altKey: true, shiftKey: true }))).toBe("mod+alt+shift+a");
    expect(shortcutKeys("mod+shift+z")).toEqual(["Ctrl", "Shift", "Z"]);
  });

  it("belong to one action each", () => {
    const taken = ACTIONS.flatMap((action) => action.shortcut ?? []);
    expect(new Set(taken).size).toBe(taken.length);
  });

  it("are text where somebody types", () => {
    document.body.innerHTML = '<input id="i"><div role="dialog"><b id="d"></b></div><p id="p"></p>';
    const at = (id: string) => isTyping(document.getElementById(id));
    expect([at("i"), at("d"), at("p"), isTyping(null)]).toEqual([true, true, false, false]);
  });
});
