// A stock y-websocket client in Node: joins, writes, reads what the other side wrote, and leaves.
import { createRequire } from "node:module";

const [frontend, url, room, cookie, origin, mode] = process.argv.slice(2);
const require = createRequire(`${frontend}/package.json`);
const Y = require("yjs");
const { WebsocketProvider } = require("y-websocket");
const WebSocket = require("ws");

class SignedInSocket extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { headers: { cookie, origin } });
  }
}

const doc = new Y.Doc();
const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill: SignedInSocket, disableBc: true });
const layers = doc.getMap("layers");
provider.on("connection-close", (event) => say({ closed: event?.code ?? 0 }));
provider.on("sync", (synced) => {
  if (!synced) return;
  say({ synced: true, content: layers.toJSON() });
  if (mode === "write") {
    const layer = new Y.Map();
    layers.set("stock", layer);
    layer.set("class_name", "Dense");
    layer.set("name", "stock");
    layer.set("params", new Y.Map([["units", 7]]));
    layers.delete("doomed");
    provider.awareness.setLocalStateField("user", { name: "stock" });
  }
});
layers.observeDeep(() => {
  if (layers.get("answer") !== undefined) {
    say({ answer: layers.get("answer") });
    provider.destroy();
    setTimeout(() => process.exit(0), 50);
  }
});

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
