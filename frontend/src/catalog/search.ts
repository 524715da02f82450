import { objectsOf } from "./store";
import type { Kind, ObjectSpec } from "./types";

interface Terms {
  name: string;
  words: string[];
  initials: string;
  aliases: string[];
  purposes: string[];
  prose: string;
}

const terms = new WeakMap<ObjectSpec, Terms>();

/**
 * Objects of a kind that match every word of `query`, best first: by name, then alias, then purpose, then
 * summary, and last by a name with a slip of the finger. An empty query returns all, by name.
 */
export function searchCatalog(query: string, kind: Kind): ObjectSpec[] {
  return rankObjects(query, objectsOf(kind));
}

export function rankObjects(query: string, objects: readonly ObjectSpec[]): ObjectSpec[] {
  const words = query.toLowerCase().split(/\s+/).map(squash).filter(Boolean);
  if (words.length === 0) return [...objects];
  const joined = words.join("");
  const scored = objects
    .map((spec) => ({
      spec,
      score: Math.max(score(joined, termsOf(spec)), scoreWords(words, termsOf(spec))),
    }))
    .filter((entry) => entry.score > 0);
  scored.sort(
    (a, b) =>
      b.score - a.score || a.spec.name.length - b.spec.name.length || (a.spec.name < b.spec.name ? -1 : 1),
  );
  return scored.map((entry) => entry.spec);
}

function scoreWords(words: string[], of: Terms): number {
  let least = Number.POSITIVE_INFINITY;
  for (const word of words) least = Math.min(least, score(word, of));
  return words.length > 1 ? least * 0.9 : least;
}

function score(word: string, of: Terms): number {
  if (of.name === word) return 1000;
  if (of.aliases.includes(word)) return 950;
  if (of.name.startsWith(word)) return 900 - of.name.length;
  if (word.length > 1 && of.initials === word) return 820;
  if (of.aliases.some((alias) => alias.startsWith(word))) return 780;
  if (of.words.some((part) => part.startsWith(word))) return 700 - of.name.length;
  if (of.name.includes(word)) return 600 - of.name.length;
  if (of.aliases.some((alias) => alias.includes(word))) return 500;
  if (word.length > 1 && of.purposes.some((purpose) => purpose.startsWith(word))) return 400;
  if (word.length > 3 && of.prose.includes(word)) return 250;
  return slips(word, of) ? 150 : 0;
}

function slips(word: string, of: Terms): boolean {
  const allowed = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
  if (allowed === 0) return false;
  return [of.name, ...of.words, ...of.aliases].some(
    (target) =>
      distance(word, target, allowed) <= allowed ||
      (target.length > word.length && distance(word, target.slice(0, word.length), allowed) <= allowed),
  );
}

/** Optimal string alignment distance: insert, delete, replace, swap neighbours; above `limit` it may give up. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(before, j - 2) + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

function termsOf(spec: ObjectSpec): Terms {
  const known = terms.get(spec);
  if (known) return known;
  const words = splitName(spec.name);
  const made: Terms = {
    name: squash(spec.name.toLowerCase()),
    words,
    initials: words.map((word) => word[0]).join(""),
    aliases: (spec.aliases ?? []).map((alias) => squash(alias.toLowerCase())),
    purposes: (spec.purposes ?? []).flatMap((purpose) => {
      const parts = purpose.toLowerCase().split(/[\s,]+/);
      return [squash(purpose.toLowerCase()), ...parts.map(squash)];
    }),
    prose: squash((spec.summary ?? "").toLowerCase()),
  };
  terms.set(spec, made);
  return made;
}

/** `MultiHeadAttention` -> multi, head, attention; `Conv2DTranspose` -> conv2d, transpose. */
function splitName(name: string): string[] {
  const parts = name.match(
    /[A-Z]+[0-9]+[A-Z](?![a-z])|[A-Z]?[a-z]+(?:[0-9]+D?)?|[A-Z]+(?![a-z])[0-9]*D?|[0-9]+D?/g,
  );
  return (parts ?? [name]).map((part) => part.toLowerCase());
}

function squash(text: string): string {
  return text.replace(/[^a-z0-9]/g, "");
}
