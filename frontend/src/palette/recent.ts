import { useSyncExternalStore } from "react";

const KEY = "layerloom.palette.recent";
const KEPT = 6;
const NOTHING: string[] = [];

let recent: string[] | null = null;
const listeners = new Set<() => void>();

/** The class names that this browser added last, newest first. */
export function useRecent(): string[] {
  return useSyncExternalStore(subscribe, getRecent);
}

export function getRecent(): string[] {
  recent ??= read();
  return recent;
}

export function rememberUse(className: string): void {
  recent = [className, ...getRecent().filter((name) => name !== className)].slice(0, KEPT);
  try {
    localStorage.setItem(KEY, JSON.stringify(recent));
  } catch {
    // A full or forbidden storage only means that the list is gone with the tab.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((name) => typeof name === "string").slice(0, KEPT) : NOTHING;
  } catch {
    return NOTHING;
  }
}
