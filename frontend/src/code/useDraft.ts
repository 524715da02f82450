import { useEffect } from "react";
import { create } from "zustand";
import {
  beginDraft,
  type Draft,
  isConflict,
  keepOwn,
  receive,
  settle,
  takeGiven,
  textOf,
  type,
} from "./draft";

/** Every text that is being edited in this tab; a panel that closes and opens again finds what was typed. */
const useDrafts = create<Record<string, Draft>>(() => ({}));

function change(key: string, next: (draft: Draft) => Draft): void {
  useDrafts.setState((drafts) => ({ [key]: next(drafts[key] ?? beginDraft("")) }));
}

/** A text that may be edited here while it changes elsewhere; undefined while it is not known yet. */
export function useDraft(key: string, given: string | undefined) {
  const kept = useDrafts((drafts) => drafts[key]);
  useEffect(() => {
    if (given === undefined) return;
    useDrafts.setState((drafts) => {
      const draft = drafts[key];
      return { [key]: draft ? receive(draft, given) : beginDraft(given) };
    });
  }, [key, given]);
  const draft = kept ?? beginDraft(given ?? "");
  return {
    text: textOf(draft),
    edited: draft.own !== null,
    conflict: isConflict(draft),
    type: (text: string) => change(key, (now) => type(now, text)),
    keepOwn: () => change(key, keepOwn),
    takeGiven: () => change(key, takeGiven),
    settle: () => change(key, settle),
  };
}

/** Forget every draft: between tests. */
export function forgetDrafts(): void {
  useDrafts.setState({}, true);
}
