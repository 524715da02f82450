import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { followRun, takeNew } from "./runs";
import { retryDelay } from "./sockets";
import type { RunEvent } from "./types";

function line(seq: number): RunEvent {
  return { event: "log", seq, time: seq, level: "info", text: `line ${seq}` };
}

const EVENTS = Array.from({ length: 60 }, (_, index) => line(index + 1));

describe("takeNew", () => {
  it("keeps every event once, in order, however the pages overlap", () => {
    const first = takeNew(EVENTS.slice(0, 10), 0);
    const second = takeNew([...EVENTS.slice(5, 15), ...EVENTS.slice(12, 20)], first.at(-1)?.seq ?? 0);
    expect([...first, ...second]).toEqual(EVENTS.slice(0, 20));
  });
});

describe("retryDelay", () => {
  it("grows, and stays within five seconds", () => {
    const delays = Array.from({ length: 20 }, (_, attempt) => retryDelay(attempt));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect([delays[0], delays.at(-1)]).toEqual([300, 5_000]);
  });
});

describe("followRun, against a socket server", () => {
  let server: WebSocketServer;
  let asked: number[];
  let stop: () => void = () => {};
  const connect = (address: string) => {
    const { pathname, search } = new URL(address);
    const { port } = server.address() as AddressInfo;
    return new WebSocket(`ws://127.0.0.1:${port}${pathname}${search}`) as unknown as globalThis.WebSocket;
  };
  /** Serves frames of ten events, and hangs up after `framesPerCall`; each frame repeats three old events. */
  const serve = (framesPerCall: number, code: number) => {
    server.on("connection", (socket, request) => {
      const after = Number(new URL(request.url ?? "", "ws://x").searchParams.get("after"));
      asked.push(after);
      for (let frame = 0; frame < framesPerCall; frame += 1) {
        const from = after + frame * 10;
        const events = EVENTS.slice(Math.max(0, from - 3), from + 10);
        if (from < EVENTS.length) {
          socket.send(JSON.stringify({ type: "events", events, last_seq: events.at(-1)?.seq }));
        }
      }
      if (after + framesPerCall * 10 < EVENTS.length || code !== 1012) socket.close(code);
    });
  };

  beforeEach(async () => {
    asked = [];
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
  });

  afterEach(async () => {
    stop();
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  it("resumes after the last event it has, and hands each event on once", async () => {
    serve(2, 1012);
    const received: RunEvent[] = [];
    stop = followRun("r1", 0, (events) => received.push(...events), { connect });
    await vi.waitFor(() => expect(received).toHaveLength(EVENTS.length), { timeout: 8_000 });
    expect(received).toEqual(EVENTS);
    expect(asked).toEqual([0, 20, 40]);
  });

  it("does not come back when the server closed for good", async () => {
    serve(1, 4401);
    const lost = new Promise<boolean>((resolve) => {
      stop = followRun("r1", 0, () => {}, { connect, onLost: resolve });
    });
    expect(await lost).toBe(true);
    expect(asked).toEqual([0]);
  });
});
