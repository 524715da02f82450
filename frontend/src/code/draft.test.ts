import { describe, expect, it } from "vitest";
import { beginDraft, isConflict, keepOwn, receive, settle, takeGiven, textOf, type } from "./draft";

describe("a draft", () => {
  it("follows the given text while nothing is typed", () => {
    expect(textOf(receive(beginDraft("a"), "b"))).toBe("b");
  });

  it("keeps what was typed when the given text changes, and says so", () => {
    const draft = receive(type(beginDraft("a"), "mine"), "theirs");
    expect([textOf(draft), isConflict(draft)]).toEqual(["mine", true]);
    expect(keepOwn(draft)).toEqual({ given: "theirs", own: { text: "mine", base: "theirs" } });
    expect(isConflict(keepOwn(draft))).toBe(false);
    expect(takeGiven(draft)).toEqual(beginDraft("theirs"));
  });

  it("stays in conflict while typing goes on", () => {
    const draft = type(receive(type(beginDraft("a"), "mine"), "theirs"), "a");
    expect([textOf(draft), isConflict(draft)]).toEqual(["a", true]);
  });

  it("is none when the same text was typed here and elsewhere, or typed back", () => {
    expect(receive(type(beginDraft("a"), "b"), "b")).toEqual(beginDraft("b"));
    expect(type(type(beginDraft("a"), "b"), "a")).toEqual(beginDraft("a"));
  });

  it("is in no conflict with what was handed back and came again in another style", () => {
    const typing = type(settle(type(beginDraft("f(1)"), "f(2)")), "f(2)\nx");
    expect(receive(typing, "f(\n  2,\n)")).toEqual({
      given: "f(\n  2,\n)",
      own: { text: "f(2)\nx", base: "f(\n  2,\n)" },
    });
    expect(isConflict(receive(typing, "f(3)"))).toBe(true);
  });

  it("that was handed back shows until something newer comes", () => {
    const settled = settle(type(beginDraft("a"), "b"));
    expect([textOf(settled), textOf(receive(settled, "c"))]).toEqual(["b", "c"]);
  });
});
