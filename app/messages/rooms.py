"""What the web process and the room process say to each other over a Unix socket.

A frame is `length (4 bytes) | header length (4 bytes) | header (JSON) | body`, integers big-endian; `length` counts
everything after itself. The web process sends requests, each with an `id`; the room process sends exactly one answer
for each, not always in the order of the requests: an `apply` is answered when it is durable.

| request | header | body | answer |
|---|---|---|---|
| `create` | design, user | JSON document | epoch, seq; body: snapshot |
| `rebuild` | design, user | JSON document | epoch, seq; body: snapshot |
| `open` | design | | epoch, seq; body: state vector |
| `sync` | design, epoch | state vector | body: update with what the asker lacks |
| `apply` | design, epoch, user | update | seq; body: what it changed, empty when nothing |
| `edit` | design, user | JSON list of edits | epoch, seq; body: what it changed |
| `snapshot` | design | | epoch, seq; body: snapshot |

A snapshot is JSON: `{"document": {...}, "dropped": ["nodes.a.x: why", ...]}`.

The process listens on its socket for one connection, and removes the name when it has it. While it works on a
request, it keeps the number of that request in the first eight bytes of the file `<socket>.busy`, and 0 otherwise:
after a crash or a hang, the web process knows the culprit.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel

MAX_FRAME: Final = 96 * 2**20
MAX_UPDATE: Final = 2**20
"""Bytes of one update from a browser."""

_LENGTHS: Final = struct.Struct(">II")
BUSY: Final = struct.Struct("=Q")

Op = Literal["create", "rebuild", "open", "sync", "apply", "edit", "snapshot"]
Fault = Literal["missing", "replaced", "malformed", "too_large", "gap", "unavailable"]
"""Why a request was not met.

`missing`: no such room. `replaced`: the room has another epoch now. `malformed`: the update is none, or not one of a
design. `gap`: it needs something that was not sent yet. `unavailable`: it could not be stored.
"""


class Request(BaseModel):
    id: int
    op: Op
    design: str
    epoch: str = ""
    user: str = ""


class Answer(BaseModel):
    id: int
    fault: Fault | None = None
    message: str = ""
    epoch: str = ""
    seq: int = 0


def frame(header: Request | Answer, body: bytes = b"") -> bytes:
    """Return a header and a body as one frame."""
    text = header.model_dump_json(exclude_defaults=True).encode()
    return _LENGTHS.pack(4 + len(text) + len(body), len(text)) + text + body


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield the header and the body of every frame that `data` completes; raise `ValueError` on nonsense."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            length, header_length = _LENGTHS.unpack_from(self._buffer)
            if length > MAX_FRAME or header_length + 4 > length:
                raise ValueError(f"A frame of {length} bytes with a header of {header_length} bytes is none.")
            if len(self._buffer) < 4 + length:
                return
            text = bytes(self._buffer[_LENGTHS.size : _LENGTHS.size + header_length])
            body = bytes(self._buffer[_LENGTHS.size + header_length : 4 + length])
            del self._buffer[: 4 + length]
            yield json.loads(text), body
