/** `next` with every part that equals its counterpart in `previous` replaced by that very object. */
export function share<T>(previous: unknown, next: T): T {
  if (Object.is(previous, next)) return next;
  if (Array.isArray(previous) && Array.isArray(next)) {
    const items = next.map((item, index) => share(previous[index], item));
    const same = previous.length === items.length && items.every((item, index) => item === previous[index]);
    return (same ? previous : items) as T;
  }
  if (isRecord(previous) && isRecord(next)) {
    const entries = Object.entries(next).map(([key, item]) => [key, share(previous[key], item)] as const);
    const same =
      Object.keys(previous).length === entries.length &&
      entries.every(([key, item]) => key in previous && item === previous[key]);
    return (same ? previous : Object.fromEntries(entries)) as T;
  }
  return next;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
