"""A small server that keeps what launchers send, as the product's own does: a real socket, real HTTP."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Store:
    """What a server keeps across its restarts: events by number, and commands to give."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.events: dict[int, dict[str, Any]] = {}
        self.doubles = 0
        self.requests: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.commands: list[dict[str, Any]] = []
        self.fenced = False

    def take(self, batch: dict[str, Any]) -> dict[str, Any]:
        with self.changed:
            self.requests.append({"attempt": batch["attempt"], "carried": batch["carried"], "at": time.monotonic()})
            for event in batch["events"]:
                known = self.events.get(event["seq"])
                if known is None:
                    self.events[event["seq"]] = event
                else:
                    assert known == event, "an event was sent again with other words"
                    self.doubles += 1
            acknowledged = 0
            while acknowledged + 1 in self.events:
                acknowledged += 1
            self.changed.notify_all()
            commands = [command for command in self.commands if command["number"] > batch["carried"]]
            return {"acknowledged": acknowledged, "commands": commands}

    def command(self, **command: Any) -> None:
        with self.changed:
            self.commands.append({"number": len(self.commands) + 1, "command": command})

    def wait_for(self, condition: Any, seconds: float = 60.0) -> None:
        """Wait until `condition(events in order)` holds."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not condition(self.ordered()):
                left = deadline - time.monotonic()
                assert left > 0, f"waited {seconds} s in vain; last events: {self.ordered()[-3:]}"
                self.changed.wait(min(left, 0.5))

    def ordered(self) -> list[dict[str, Any]]:
        return [self.events[seq] for seq in sorted(self.events)]

    def states(self) -> list[str]:
        return [event["state"] for event in self.ordered() if event["event"] == "state"]


class Peer:
    """A server for `store`, with its address in `address_file`; `lose_answers` drops that many answers."""

    def __init__(self, store: Store, address_file: Path, lose_answers: int = 0) -> None:
        self.store = store
        peer = self
        self.lose_answers = lose_answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                peer._connections.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                store.tokens.add(self.headers["Authorization"])
                if store.fenced:
                    self._answer(409, {"code": "conflict"})
                    return
                answer = store.take(json.loads(body))
                if peer.lose_answers > 0:
                    peer.lose_answers -= 1
                    self.close_connection = True
                    return
                self._answer(200, answer)

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self._connections: list[socket.socket] = []
        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        address_file.write_text(self.url)

    def kill(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
