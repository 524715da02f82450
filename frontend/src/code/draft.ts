/**
 * A text that comes from elsewhere (the canvas, another person) and may be edited here before it is handed back.
 * What somebody typed is never replaced by what comes in: the two stand against each other until they choose.
 */
export interface Draft {
  /** The text as it stands elsewhere. */
  given: string;
  /** What is typed here, and the text that it began from; null while nothing is. */
  own: { text: string; base: string } | null;
}

export function beginDraft(given: string): Draft {
  return { given, own: null };
}

/** What the editor shows. */
export function textOf({ given, own }: Draft): string {
  return own ? own.text : given;
}

/** True when the text changed elsewhere while it was edited here. */
export function isConflict({ given, own }: Draft): boolean {
  return own !== null && own.base !== given;
}

/** Spaces, commas at the end of a line and the kind of quotes: what Python may be written with or without. */
function withoutStyle(text: string): string {
  return text.replace(/[\s,()"']/g, "");
}

/** The text changed elsewhere; where only its style did, what was typed stands on it as it stood before. */
export function receive(draft: Draft, given: string): Draft {
  const { own } = draft;
  if (given === draft.given) return draft;
  if (own === null || own.text === given) return { given, own: null };
  const restyled = own.base === draft.given && withoutStyle(given) === withoutStyle(draft.given);
  return { given, own: restyled ? { text: own.text, base: given } : own };
}

/** Somebody typed. */
export function type(draft: Draft, text: string): Draft {
  const base = draft.own?.base ?? draft.given;
  return { given: draft.given, own: text === base && base === draft.given ? null : { text, base } };
}

/** Go on with one's own text, on top of what stands elsewhere now. */
export function keepOwn(draft: Draft): Draft {
  return draft.own ? { given: draft.given, own: { text: draft.own.text, base: draft.given } } : draft;
}

/** Drop one's own text. */
export function takeGiven(draft: Draft): Draft {
  return { given: draft.given, own: null };
}

/** One's own text was handed back: it is the given one until something newer comes. */
export function settle(draft: Draft): Draft {
  return { given: textOf(draft), own: null };
}
