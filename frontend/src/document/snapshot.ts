import type * as Y from "yjs";
import { share } from "@/lib/share";
import type { JsonObject } from "./json";
import type { DesignContent } from "./model";
import {
  ROOTS,
  type Root,
  readContent,
  readEntry,
  rootMap,
  withMetaDefaults,
  withTrainingDefaults,
} from "./schema";

/**
 * The document as immutable JSON. An edit makes new objects only along its own path, so a component that
 * subscribes to one layer is rendered again only when that layer changes.
 */
export class Snapshot {
  content: DesignContent;
  nodeIds: string[];

  private readonly listeners = new Set<() => void>();
  private changed = false;
  private readonly stops: (() => void)[] = [];

  constructor(private readonly doc: Y.Doc) {
    this.content = readContent(doc);
    this.nodeIds = Object.keys(this.content.nodes);
    for (const root of ROOTS) {
      const map = rootMap(doc, root);
      const absorb = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => this.absorb(root, events);
      map.observeDeep(absorb as Parameters<typeof map.observeDeep>[0]);
      this.stops.push(() => map.unobserveDeep(absorb as Parameters<typeof map.observeDeep>[0]));
    }
    const publish = () => this.publish();
    doc.on("afterTransaction", publish);
    this.stops.push(() => doc.off("afterTransaction", publish));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  destroy(): void {
    for (const stop of this.stops) stop();
    this.listeners.clear();
  }

  private absorb(root: Root, events: Y.YEvent<Y.AbstractType<unknown>>[]): void {
    const touched = new Set<string>();
    for (const event of events) {
      const [entry] = event.path;
      if (entry === undefined) for (const key of event.keys.keys()) touched.add(key);
      else touched.add(String(entry));
    }
    const entries = this.withEntries(root, touched);
    if (entries === this.content[root]) return;
    this.content = { ...this.content, [root]: entries };
    this.changed = true;
    if (root === "nodes") this.nodeIds = share(this.nodeIds, Object.keys(entries));
  }

  private withEntries(root: Root, touched: Set<string>): object {
    const previous = this.content[root] as unknown as JsonObject;
    const map = rootMap(this.doc, root);
    const next = { ...previous };
    for (const key of touched) {
      if (map.has(key)) next[key] = share(previous[key], readEntry(root, map.get(key)));
      else delete next[key];
    }
    if (root === "meta") return share(previous, withMetaDefaults(next));
    if (root === "training") return share(previous, withTrainingDefaults(next));
    const keys = Object.keys(next);
    const same =
      keys.length === Object.keys(previous).length && keys.every((key) => next[key] === previous[key]);
    return same ? previous : next;
  }

  private publish(): void {
    if (!this.changed) return;
    this.changed = false;
    for (const listener of this.listeners) listener();
  }
}
