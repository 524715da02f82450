// @vitest-environment node
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket as Socket, WebSocketServer } from "ws";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { Connection, type ConnectionState } from "./provider";

/** A room over a real socket, that acknowledges when the test lets it. */
class Room {
  readonly doc = new Y.Doc();
  epoch = "first";
  holds = false;
  sockets = new Set<Socket>();
  received: string[] = [];
  private held: (() => void)[] = [];
  private readonly server = new WebSocketServer({ port: 0 });

  constructor() {
    this.server.on("connection", (socket) => this.join(socket));
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  release(): void {
    this.holds = false;
    for (const acknowledge of this.held.splice(0)) acknowledge();
  }

  drop(code = 1012): void {
    for (const socket of this.sockets) socket.close(code);
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
    this.server.close();
  }

  private join(socket: Socket): void {
    let updates = 0;
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    send(socket, 101, (encoder) => encoding.writeVarString(encoder, this.epoch));
    send(socket, 0, (encoder) => sync.writeSyncStep1(encoder, this.doc));
    socket.on("message", (data: Buffer) => {
      const decoder = decoding.createDecoder(new Uint8Array(data));
      decoding.readVarUint(decoder);
      const kind = decoding.readVarUint(decoder);
      const payload = decoding.readVarUint8Array(decoder);
      this.received.push(["step 1", "step 2", "update"][kind] ?? "?");
      if (kind === sync.messageYjsSyncStep1) {
        send(socket, 0, (encoder) => sync.writeSyncStep2(encoder, this.doc, payload));
        return;
      }
      updates += 1;
      const number = updates;
      const store = () => {
        Y.applyUpdate(this.doc, payload);
        send(socket, 100, (encoder) => encoding.writeVarUint(encoder, number));
      };
      if (this.holds) this.held.push(store);
      else store();
    });
  }
}

function send(socket: Socket, kind: number, write: (encoder: encoding.Encoder) => void): void {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  write(encoder);
  socket.send(encoding.toUint8Array(encoder));
}

let room: Room;
let connections: Connection[];

beforeEach(() => {
  // Node had no WebSocket of its own before its version 22.
  vi.stubGlobal("WebSocket", Socket);
  room = new Room();
  connections = [];
});

afterEach(() => {
  for (const connection of connections) connection.destroy();
  room.close();
  vi.unstubAllGlobals();
});

function join(acceptEpoch: (epoch: string) => boolean = () => true) {
  const doc = new Y.Doc();
  const states: ConnectionState[] = [];
  const connection = new Connection({
    url: room.url,
    doc,
    acceptEpoch,
    onState: (state) => states.push(state),
  });
  connections.push(connection);
  connection.connect();
  const settled = () =>
    vi.waitFor(() => expect(connection.state).toMatchObject({ synced: true, unsaved: false }));
  return { doc, connection, states, settled };
}

describe("the connection", () => {
  it("brings what the room has, and takes there what was done before", async () => {
    room.doc.getMap("meta").set("name", "Digits");
    const { doc, settled } = join();
    doc.getMap("meta").set("description", "early");
    await settled();
    expect(doc.getMap("meta").toJSON()).toEqual({ name: "Digits", description: "early" });
    expect(room.doc.getMap("meta").toJSON()).toEqual({ name: "Digits", description: "early" });
    expect(room.received).not.toContain("step 2");
  });

  it("is unsaved until the room has acknowledged the last edit", async () => {
    const { doc, connection, settled } = join();
    await settled();
    room.holds = true;
    doc.getMap("meta").set("name", "one");
    doc.getMap("meta").set("name", "two");
    await vi.waitFor(() => expect(room.received.filter((kind) => kind === "update")).toHaveLength(2));
    expect(connection.state.unsaved).toBe(true);
    room.release();
    await settled();
    expect(room.doc.getMap("meta").get("name")).toBe("two");
  });

  it("sends again what was not acknowledged when the room went away, a deletion too", async () => {
    const { doc, connection, settled } = join();
    doc.getMap("meta").set("name", "kept");
    await settled();
    room.holds = true;
    doc.getMap("meta").delete("name");
    await vi.waitFor(() => expect(room.received.at(-1)).toBe("update"));
    room.holds = false;
    room.drop();
    await vi.waitFor(() => expect(connection.state.open).toBe(false));
    doc.getMap("meta").set("description", "written while away");
    await settled();
    expect(room.doc.getMap("meta").toJSON()).toEqual({ description: "written while away" });
  });

  it("merges nothing into another generation of the document", async () => {
    room.doc.getMap("meta").set("name", "restored");
    const { doc, connection } = join((epoch) => epoch === "older");
    doc.getMap("meta").set("name", "mine");
    await vi.waitFor(() => expect(room.sockets.size).toBe(0));
    expect(doc.getMap("meta").get("name")).toBe("mine");
    expect(room.doc.getMap("meta").get("name")).toBe("restored");
    expect(connection.state.unsaved).toBe(true);
  });

  it("does not come back when access was revoked", async () => {
    const { connection, settled } = join();
    await settled();
    room.drop(4401);
    await vi.waitFor(() => expect(connection.state).toMatchObject({ open: false, closed: "revoked" }));
    connection.connect();
    expect(room.sockets.size).toBe(0);
  });
});
