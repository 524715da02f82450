import { useCallback, useEffect, useRef, useState } from "react";
import type { JsonValue } from "@/catalog";
import { type Expectation, type Parsed, sameValue } from "./values";

/** How long a pause in typing lasts before a valid text is stored, in milliseconds. */
export const COMMIT_PAUSE = 350;

interface DraftOptions {
  value: JsonValue | undefined;
  format: (value: JsonValue | undefined) => string;
  parse: (text: string) => Parsed;
  commit: (value: JsonValue | undefined) => void;
}

export interface Draft {
  text: string;
  /** Set while the text cannot be read as a value. */
  expected: Expectation | undefined;
  change: (text: string) => void;
  /** Store what is valid now, without waiting for a pause. */
  flush: () => void;
  focus: () => void;
  blur: () => void;
  revert: () => void;
}

/**
 * A text field over a stored value. What is typed stays in the field, valid or not; a valid text is stored after
 * a pause, on blur and when the field goes away. A change from elsewhere replaces the text unless it is being typed.
 */
export function useDraft(options: DraftOptions): Draft {
  const { value, format, parse } = options;
  const [draft, setDraft] = useState<string | null>(null);
  const [seen, setSeen] = useState<JsonValue | undefined>(value);
  const focused = useRef(false);
  const pending = useRef<{ value: JsonValue | undefined; timer: number } | null>(null);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });

  const flush = useCallback(() => {
    const waiting = pending.current;
    if (!waiting) return;
    window.clearTimeout(waiting.timer);
    pending.current = null;
    if (!sameValue(waiting.value, latest.current.value)) latest.current.commit(waiting.value);
  }, []);

  const cancel = useCallback(() => {
    if (pending.current) window.clearTimeout(pending.current.timer);
    pending.current = null;
  }, []);

  useEffect(() => flush, [flush]);

  if (!sameValue(seen, value)) {
    setSeen(value);
    if (draft !== null && !focused.current) setDraft(null);
  }

  const parsed: Parsed = draft === null ? { ok: true, value } : parse(draft);
  return {
    text: draft ?? format(value),
    expected: parsed.ok ? undefined : parsed.expected,
    change: (text) => {
      cancel();
      setDraft(text);
      const read = parse(text);
      if (read.ok) pending.current = { value: read.value, timer: window.setTimeout(flush, COMMIT_PAUSE) };
    },
    flush,
    focus: () => {
      focused.current = true;
    },
    blur: () => {
      focused.current = false;
      flush();
      if (draft !== null && parse(draft).ok) setDraft(null);
    },
    revert: () => {
      cancel();
      setDraft(null);
    },
  };
}
