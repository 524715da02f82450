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

/** The text changed elsewhere. */
export function receive(draft: Draft, given: string): Draft {
  if (given === draft.given) return draft;
  return { given, own: draft.own?.text === given ? null : draft.own };
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
