import { IndexeddbPersistence } from "y-indexeddb";
import type * as Y from "yjs";
import type { DesignContent } from "./model";

const OPEN_WITHIN_MS = 3_000;

/** What this browser remembers of a design between visits: its epoch, unsent edits, and a copy left behind. */
export class LocalMemory {
  constructor(private readonly design: string) {}

  findEpoch(): string | null {
    return read(`layerloom.epoch.${this.design}`);
  }

  rememberEpoch(epoch: string): void {
    write(`layerloom.epoch.${this.design}`, epoch);
  }

  hasUnsent(): boolean {
    return read(`layerloom.unsent.${this.design}`) !== null;
  }

  markUnsent(unsent: boolean): void {
    write(`layerloom.unsent.${this.design}`, unsent ? "yes" : null);
  }

  /** Edits that never reached the server before the design was replaced by another version of itself. */
  findLeftover(): DesignContent | null {
    const text = read(`layerloom.leftover.${this.design}`);
    return text ? (JSON.parse(text) as DesignContent) : null;
  }

  keepLeftover(content: DesignContent | null): void {
    write(`layerloom.leftover.${this.design}`, content ? JSON.stringify(content) : null);
  }
}

/** The updates of `doc` kept in IndexedDB, so that unsent edits outlive a reload. Null where there is none. */
export async function openPersistence(
  design: string,
  epoch: string,
  doc: Y.Doc,
): Promise<IndexeddbPersistence | null> {
  if (typeof indexedDB === "undefined") return null;
  const persistence = new IndexeddbPersistence(`layerloom.${design}.${epoch}`, doc);
  const opened = persistence.whenSynced.then(
    () => persistence,
    () => null,
  );
  return Promise.race([opened, new Promise<null>((resolve) => setTimeout(resolve, OPEN_WITHIN_MS, null))]);
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // A full or forbidden storage only costs the memory of this browser; the server still has the design.
  }
}
