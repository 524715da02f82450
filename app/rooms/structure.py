"""A look at an update before the native decoder sees it: is it whole, is it a design's, does it leave no gap?

Follows the first version of the Yjs update format (yjs 13, `src/utils/encoding.js` and `src/structs`).
"""

from dataclasses import dataclass, field
from typing import Final

from app.messages.lib0 import Malformed, Reader

MAX_CLOCK: Final = 2**31 - 1
MAX_LENGTH: Final = 2**24
MAX_DEPTH: Final = 64

GC, SKIP = 0, 10
TYPES: Final = frozenset({0, 1, 2})
"""Array, Map and Text. XML, links and nested documents have no place in a design."""

HAS_KEY, HAS_RIGHT, HAS_LEFT = 0x20, 0x40, 0x80

StateVector = dict[int, int]


class Gap(ValueError):
    """The update needs something that has not arrived."""


@dataclass
class _Block:
    """The structs of one client: where they begin and end, and what each of them refers to."""

    client: int
    start: int
    end: int
    references: list[tuple[int, int, int]] = field(default_factory=list)
    """Clock of the struct, client and clock of what it refers to."""
    skips: bool = False


def read_state_vector(data: bytes) -> StateVector:
    """Return the clocks by client; raise `Malformed` when `data` is no state vector."""
    reader = Reader(data)
    state = {}
    for _ in range(reader.count(2)):
        client = reader.varuint()
        state[client] = reader.varuint()
        if state[client] > MAX_CLOCK:
            raise Malformed("A clock is too large.")
    reader.end()
    return state


def check_update(data: bytes, state: StateVector) -> StateVector:
    """Return the clocks that a document of `state` has once `data` is applied.

    Raises `Malformed` when `data` is no update of a design, `Gap` when it builds on something that is not there.
    """
    reader = Reader(data)
    blocks = [_read_block(reader) for _ in range(reader.count(4))]
    deletions = _read_deletions(reader)
    reader.end()
    after = dict(state)
    for block in sorted(blocks, key=lambda block: (block.client, block.start)):
        if block.skips or block.start > after.get(block.client, 0):
            raise Gap
        after[block.client] = max(after.get(block.client, 0), block.end)
    for block in blocks:
        for clock, client, referred in block.references:
            if client == block.client and referred >= clock:
                raise Malformed("A change builds on a later one.")
            if referred >= after.get(client, 0):
                raise Gap
    for client, end in deletions:
        if end > after.get(client, 0):
            raise Gap
    return after


def is_empty(data: bytes) -> bool:
    """Whether an update says nothing at all."""
    return data == b"\x00\x00"


def _read_block(reader: Reader) -> _Block:
    count = reader.count(2)
    client = reader.varuint()
    start = reader.varuint()
    block = _Block(client, start, start)
    for _ in range(count):
        info = reader.byte()
        kind = info & 0x1F
        if kind in {GC, SKIP}:
            length = reader.varuint()
            block.skips |= kind == SKIP
        else:
            length = _read_item(reader, info, kind, block)
        if not 0 < length <= MAX_LENGTH or block.end + length > MAX_CLOCK:
            raise Malformed("A change has an impossible length.")
        block.end += length
    return block


def _read_item(reader: Reader, info: int, kind: int, block: _Block) -> int:
    if info & HAS_LEFT:
        block.references.append((block.end, reader.varuint(), reader.varuint()))
    if info & HAS_RIGHT:
        block.references.append((block.end, reader.varuint(), reader.varuint()))
    if not info & (HAS_LEFT | HAS_RIGHT):
        if reader.varuint() == 1:
            reader.string()
        else:
            block.references.append((block.end, reader.varuint(), reader.varuint()))
        if info & HAS_KEY:
            reader.string()
    return _read_content(reader, kind)


def _read_content(reader: Reader, kind: int) -> int:
    """Pass over the content of an item; return its length in clock ticks."""
    match kind:
        case 1:  # DELETED
            return reader.varuint()
        case 2:  # JSON
            count = reader.count()
            for _ in range(count):
                reader.string()
            return count
        case 3:  # BINARY
            reader.bytes()
            return 1
        case 4:  # STRING
            return len(reader.string().encode("utf-16-le")) // 2
        case 7:  # TYPE
            if reader.varuint() not in TYPES:
                raise Malformed("A design holds maps, lists and texts only.")
            return 1
        case 8:  # ANY
            count = reader.count()
            for _ in range(count):
                _skip_any(reader, 0)
            return count
        case _:
            raise Malformed("A design holds no content of this kind.")


def _skip_any(reader: Reader, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("A value is nested too deeply.")
    match reader.byte():
        case 127 | 126 | 121 | 120:
            return
        case 125:
            reader.skip_varint()
        case 124:
            reader.take(4)
        case 123 | 122:
            reader.take(8)
        case 119:
            reader.string()
        case 118:
            for _ in range(reader.count(2)):
                reader.string()
                _skip_any(reader, depth + 1)
        case 117:
            for _ in range(reader.count()):
                _skip_any(reader, depth + 1)
        case 116:
            reader.bytes()
        case _:
            raise Malformed("A value has an unknown type.")


def _read_deletions(reader: Reader) -> list[tuple[int, int]]:
    """Return the client and the end of every deleted range."""
    deletions = []
    for _ in range(reader.count(2)):
        client = reader.varuint()
        for _ in range(reader.count(2)):
            clock, length = reader.varuint(), reader.varuint()
            if length > MAX_CLOCK:
                raise Malformed("A deletion is too long.")
            deletions.append((client, clock + length))
    return deletions
