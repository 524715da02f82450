/** A JSON socket that comes back by itself: exponential backoff, at once when the network or the tab returns. */

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 5_000;
/** A handshake that takes longer is given up and tried anew: a server that dies may leave it hanging. */
const HANDSHAKE_MS = 8_000;
/** Close codes after which coming back is pointless: refused, revoked, gone. */
const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);

export interface SocketOptions {
  /** The path to open next; asked for anew at every attempt, so that it can carry the last seq. */
  path: () => string;
  onMessage: (message: unknown) => void;
  onOpen?: () => void;
  /** Told when the connection is lost; `final` when it will not be tried again. */
  onLost?: (code: number, final: boolean) => void;
  /** Makes the socket; WebSocket itself unless a test gives another. */
  connect?: (address: string) => WebSocket;
}

/** The delay before attempt `attempt` (from 0), in milliseconds. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
}

export function socketAddress(path: string): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}${path}`;
}

/** Open a socket that lives until the returned function is called. */
export function openSocket(options: SocketOptions): () => void {
  const connect = options.connect ?? ((address: string) => new WebSocket(address));
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let attempt = 0;
  let closed = false;

  const open = () => {
    timer = null;
    const current = connect(socketAddress(options.path()));
    socket = current;
    const limit = setTimeout(() => current.close(), HANDSHAKE_MS);
    current.onopen = () => {
      clearTimeout(limit);
      attempt = 0;
      options.onOpen?.();
    };
    current.onmessage = (event: MessageEvent) => {
      if (closed || typeof event.data !== "string") return;
      options.onMessage(JSON.parse(event.data));
    };
    current.onclose = (event: CloseEvent) => {
      clearTimeout(limit);
      if (closed || socket !== current) return;
      socket = null;
      const final = FINAL_CODES.has(event.code);
      options.onLost?.(event.code, final);
      if (!final) timer = setTimeout(open, retryDelay(attempt++));
    };
  };

  const hurry = () => {
    if (timer === null || document.visibilityState === "hidden") return;
    clearTimeout(timer);
    attempt = 0;
    open();
  };

  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  open();

  return () => {
    closed = true;
    if (timer !== null) clearTimeout(timer);
    window.removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", hurry);
    socket?.close();
  };
}
