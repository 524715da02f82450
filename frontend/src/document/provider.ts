import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

const SYNC = 0;
const ACKNOWLEDGED = 100;
const EPOCH = 101;

/** Why the server closed the socket; the codes of its editing room. */
export const CLOSED = { revoked: 4401, readOnly: 4403, replaced: 4409 } as const;

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const SILENCE_MS = 15_000;

export interface ConnectionState {
  open: boolean;
  /** Both sides have told each other everything since the socket opened. */
  synced: boolean;
  /** Some edit of ours is not durable on the server yet, as far as we know. */
  unsaved: boolean;
  closed: "revoked" | "readOnly" | null;
}

export interface ConnectionOptions {
  url: string;
  doc: Y.Doc;
  /** Edits of an earlier visit still wait to be sent. */
  unsaved?: boolean;
  /** Called with the document's generation before anything is merged; false when it is another document. */
  acceptEpoch(epoch: string): Promise<boolean> | boolean;
  onState(state: ConnectionState): void;
}

/**
 * Keeps a Y.Doc in step with the server over one WebSocket, for ever, through any number of disconnections.
 *
 * It speaks the standard y-protocols sync messages. Our edits always travel as *update* messages, never as
 * *step 2*, because the server acknowledges updates by their number.
 */
export class Connection {
  state: ConnectionState = { open: false, synced: false, unsaved: false, closed: null };

  private socket: WebSocket | null = null;
  private sent = 0;
  private acknowledged = 0;
  private answered = false;
  private received = false;
  private retryMs = FIRST_RETRY_MS;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly options: ConnectionOptions) {
    this.state.unsaved = options.unsaved ?? false;
    options.doc.on("update", this.onUpdate);
    globalThis.addEventListener?.("online", this.retryNow);
  }

  connect(): void {
    if (this.stopped || this.socket) return;
    const socket = new WebSocket(this.options.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let queue: Promise<unknown> = Promise.resolve();
    socket.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.sent = 0;
      this.acknowledged = 0;
      this.answered = false;
      this.received = false;
      this.publish({ open: true, synced: false });
      this.send(SYNC, (encoder) => sync.writeSyncStep1(encoder, this.options.doc));
    };
    socket.onmessage = (event) => {
      queue = queue
        .then(() => (this.socket === socket ? this.receive(new Uint8Array(event.data)) : undefined))
        .catch((error: unknown) => {
          // Whatever a message broke, a new connection begins with the whole difference again.
          reportError(error);
          socket.close();
        });
    };
    // A close event follows every error.
    socket.onerror = () => undefined;
    socket.onclose = (event) => this.onClose(socket, event.code);
  }

  destroy(): void {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    globalThis.removeEventListener?.("online", this.retryNow);
    this.options.doc.off("update", this.onUpdate);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private async receive(data: Uint8Array): Promise<void> {
    const decoder = decoding.createDecoder(data);
    switch (decoding.readVarUint(decoder)) {
      case SYNC:
        this.receiveSync(decoder);
        break;
      case ACKNOWLEDGED:
        this.acknowledged = Math.max(this.acknowledged, decoding.readVarUint(decoder));
        this.watchSilence();
        this.settle();
        break;
      case EPOCH:
        if (!(await this.options.acceptEpoch(decoding.readVarString(decoder)))) this.destroy();
        break;
    }
  }

  private receiveSync(decoder: decoding.Decoder): void {
    switch (decoding.readVarUint(decoder)) {
      case sync.messageYjsSyncStep1:
        this.sendMissing(decoding.readVarUint8Array(decoder));
        this.answered = true;
        break;
      case sync.messageYjsSyncStep2:
        Y.applyUpdate(this.options.doc, decoding.readVarUint8Array(decoder), this);
        this.received = true;
        break;
      case sync.messageYjsUpdate:
        Y.applyUpdate(this.options.doc, decoding.readVarUint8Array(decoder), this);
        break;
    }
    this.settle();
  }

  private sendMissing(stateVector: Uint8Array): void {
    if (!this.state.unsaved && !hasMoreThan(this.options.doc, stateVector)) return;
    this.sendUpdate(Y.encodeStateAsUpdate(this.options.doc, stateVector));
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    if (!this.state.unsaved) this.publish({ unsaved: true });
    if (this.answered && this.socket?.readyState === WebSocket.OPEN) this.sendUpdate(update);
  };

  private sendUpdate(update: Uint8Array): void {
    this.sent += 1;
    if (this.sent === this.acknowledged + 1) this.watchSilence();
    this.send(SYNC, (encoder) => sync.writeUpdate(encoder, update));
  }

  private send(kind: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kind);
    write(encoder);
    this.socket?.send(encoding.toUint8Array(encoder));
  }

  private settle(): void {
    const synced = this.answered && this.received;
    this.publish({ synced, unsaved: this.state.unsaved && !(synced && this.acknowledged >= this.sent) });
  }

  private publish(change: Partial<ConnectionState>): void {
    const next = { ...this.state, ...change };
    const same = (Object.keys(next) as (keyof ConnectionState)[]).every(
      (key) => next[key] === this.state[key],
    );
    if (same) return;
    this.state = next;
    this.options.onState(next);
  }

  /** A half-dead connection never says that it closed: no answer for a while is an answer. */
  private watchSilence(): void {
    clearTimeout(this.silenceTimer);
    if (this.acknowledged >= this.sent) return;
    this.silenceTimer = setTimeout(() => this.socket?.close(), SILENCE_MS);
  }

  private onClose(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = null;
    clearTimeout(this.silenceTimer);
    this.answered = false;
    this.received = false;
    if (code === CLOSED.revoked) {
      this.stopped = true;
      this.publish({ open: false, synced: false, closed: "revoked" });
      return;
    }
    this.publish({ open: false, synced: false, closed: code === CLOSED.readOnly ? "readOnly" : null });
    this.retryTimer = setTimeout(() => this.connect(), this.retryMs * (0.75 + Math.random() / 2));
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
  }

  private readonly retryNow = (): void => {
    clearTimeout(this.retryTimer);
    this.connect();
  };
}

function hasMoreThan(doc: Y.Doc, encodedVector: Uint8Array): boolean {
  const theirs = Y.decodeStateVector(encodedVector);
  const ours = Y.decodeStateVector(Y.encodeStateVector(doc));
  return [...ours].some(([client, clock]) => clock > (theirs.get(client) ?? 0));
}
