import type { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { createCommands } from "./commands";
import { History } from "./history";
import type { JsonObject } from "./json";
import type { DesignContent } from "./model";
import { Connection, type ConnectionState } from "./provider";
import { type Root, writeContent } from "./schema";
import { Snapshot } from "./snapshot";
import { LocalMemory, openPersistence } from "./storage";

export type SaveState = "saved" | "saving" | "offline" | "loading" | "readonly";

export interface DesignStatus {
  save: SaveState;
  canEdit: boolean;
  /** The person's access ended while the design was open. */
  revoked: boolean;
  /** Edits that could not be sent before the design was replaced: to be kept as a copy, or dropped. */
  leftover: DesignContent | null;
}

export interface OpenOptions {
  canEdit: boolean;
  url?: string;
  /** The design on the server is another document now (a restored version): open it anew. */
  onReplaced?: () => void;
}

/** One open design: the shared document with everything that reads, changes, undoes and saves it. */
export class DesignDocument {
  readonly doc = new Y.Doc();
  readonly history = new History(this.doc);
  readonly snapshot = new Snapshot(this.doc);
  readonly commands = createCommands({
    doc: this.doc,
    history: this.history,
    content: () => this.snapshot.content,
    canEdit: () => this.status.canEdit,
  });
  readonly undo = this.history.undo;
  readonly redo = this.history.redo;
  status: DesignStatus;

  private readonly memory: LocalMemory;
  private readonly listeners = new Set<() => void>();
  private connection: Connection | null = null;
  private persistence: IndexeddbPersistence | null = null;
  private epoch: string | null = null;
  private loaded = false;
  private destroyed = false;
  private stopWarning: (() => void) | null = null;

  private constructor(
    readonly id: string,
    private readonly options: OpenOptions,
  ) {
    this.memory = new LocalMemory(id);
    this.status = {
      save: "loading",
      canEdit: options.canEdit,
      revoked: false,
      leftover: this.memory.findLeftover(),
    };
  }

  /** Open the design `id` of the server and keep it in step until `destroy`. */
  static open(id: string, options: OpenOptions): DesignDocument {
    const design = new DesignDocument(id, options);
    void design.start();
    return design;
  }

  /** A design of this page alone, for a fixture or a preview. */
  static local(content: Partial<Record<Root, JsonObject>> = {}, canEdit = true): DesignDocument {
    const design = new DesignDocument("local", { canEdit });
    writeContent(design.doc, content);
    design.loaded = true;
    design.publish({ save: canEdit ? "saved" : "readonly" });
    return design;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  dropLeftover(): void {
    this.memory.keepLeftover(null);
    this.publish({ leftover: null });
  }

  destroy(): void {
    this.destroyed = true;
    this.stopWarning?.();
    this.connection?.destroy();
    void this.persistence?.destroy();
    this.history.destroy();
    this.snapshot.destroy();
    this.doc.destroy();
    this.listeners.clear();
  }

  private async start(): Promise<void> {
    const known = this.memory.findEpoch();
    if (known && this.options.canEdit) await this.persist(known);
    if (this.destroyed) return;
    this.connection = new Connection({
      url: this.options.url ?? syncUrl(this.id),
      doc: this.doc,
      unsaved: this.options.canEdit && this.memory.hasUnsent(),
      acceptEpoch: (epoch) => this.acceptEpoch(epoch),
      onState: (state) => this.onConnection(state),
    });
    this.warnBeforeLeaving();
    this.connection.connect();
  }

  private async persist(epoch: string): Promise<void> {
    this.epoch = epoch;
    const persistence = await openPersistence(this.id, epoch, this.doc);
    if (this.destroyed) return void persistence?.destroy();
    this.persistence = persistence;
    if (this.snapshot.nodeIds.length > 0) {
      this.loaded = true;
      this.publish({ save: "offline" });
    }
  }

  private async acceptEpoch(epoch: string): Promise<boolean> {
    if (this.epoch === epoch) return true;
    const first = this.epoch === null;
    this.memory.rememberEpoch(epoch);
    if (first) {
      this.epoch = epoch;
      if (this.options.canEdit) await this.persist(epoch);
      return true;
    }
    if (this.memory.hasUnsent()) this.memory.keepLeftover(this.snapshot.content);
    this.memory.markUnsent(false);
    // What stays there is never read again: the next epoch has a database of its own.
    await this.persistence?.clearData().catch(() => undefined);
    this.options.onReplaced?.();
    return false;
  }

  private onConnection(state: ConnectionState): void {
    if (state.synced) this.loaded = true;
    const canEdit = this.status.canEdit && state.closed === null;
    if (canEdit) this.memory.markUnsent(state.unsaved);
    this.publish({ save: this.saveState(state, canEdit), canEdit, revoked: state.closed === "revoked" });
  }

  private saveState(state: ConnectionState, canEdit: boolean): SaveState {
    if (!this.loaded) return "loading";
    if (!canEdit) return "readonly";
    if (!state.open) return "offline";
    return state.synced && !state.unsaved ? "saved" : "saving";
  }

  private warnBeforeLeaving(): void {
    const warn = (event: BeforeUnloadEvent) => {
      const kept = this.persistence !== null || !this.connection?.state.unsaved;
      if (!kept) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    this.stopWarning = () => window.removeEventListener("beforeunload", warn);
  }

  private publish(change: Partial<DesignStatus>): void {
    const next = { ...this.status, ...change };
    const same = (Object.keys(next) as (keyof DesignStatus)[]).every((key) => next[key] === this.status[key]);
    if (same) return;
    this.status = next;
    for (const listener of this.listeners) listener();
  }
}

function syncUrl(id: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/api/designs/${encodeURIComponent(id)}/sync?ack=1`;
}
