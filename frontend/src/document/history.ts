import * as Y from "yjs";
import { ROOTS, rootMap } from "./schema";

const MERGE_WITHIN_MS = 2_000;

/** Undo and redo of one's own edits. One gesture is one step; typing in one field merges into one. */
export class History {
  readonly origin = { gesture: "own" };

  private readonly manager: Y.UndoManager;
  private readonly listeners = new Set<() => void>();
  private lastGesture: string | null = null;
  private lastTime = 0;

  constructor(
    private readonly doc: Y.Doc,
    private readonly now: () => number = Date.now,
  ) {
    this.manager = new Y.UndoManager(
      ROOTS.map((root) => rootMap(doc, root)),
      { trackedOrigins: new Set([this.origin]), captureTimeout: Number.POSITIVE_INFINITY },
    );
    for (const event of ["stack-item-added", "stack-item-popped", "stack-cleared"] as const) {
      this.manager.on(event, () => this.publish());
    }
  }

  /** Run `edit` as one transaction. Edits with the same `gesture`, close in time, are one step. */
  run(edit: () => void, gesture: string | null = null): void {
    const now = this.now();
    const continues =
      gesture !== null && gesture === this.lastGesture && now - this.lastTime < MERGE_WITHIN_MS;
    if (!continues) this.manager.stopCapturing();
    this.lastGesture = gesture;
    this.lastTime = now;
    this.doc.transact(edit, this.origin);
  }

  /** The next edit starts a new step: a field lost focus, a drag ended. */
  readonly endGesture = (): void => {
    this.lastGesture = null;
  };

  readonly undo = (): void => {
    this.endGesture();
    this.manager.undo();
  };

  readonly redo = (): void => {
    this.endGesture();
    this.manager.redo();
  };

  readonly canUndo = (): boolean => this.manager.undoStack.length > 0;
  readonly canRedo = (): boolean => this.manager.redoStack.length > 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  destroy(): void {
    this.manager.destroy();
    this.listeners.clear();
  }

  private publish(): void {
    for (const listener of this.listeners) listener();
  }
}
