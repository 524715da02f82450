"""The messages of the editing socket: y-protocols' sync and awareness, and two of our own.

Sync (0): step 1 (0, state vector) asks for what one lacks; step 2 (1, update) answers; update (2, update) is an edit.
Awareness (1) carries who is here, as texts keyed by client with a clock. Ours, for clients that ask for `?ack=1`:
acknowledged (100, number of one's updates that are durable) and epoch (101, text).
"""

from dataclasses import dataclass
from typing import Final, assert_never

from app.accounts.principal import Role
from app.messages.lib0 import Malformed, Reader, varbytes, varstring, varuint

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, ACKNOWLEDGED, EPOCH = 0, 1, 2, 3, 100, 101
STEP_1, STEP_2, UPDATE = 0, 1, 2

MAX_PRESENCES: Final = 64
MAX_PRESENCE: Final = 16 * 1024


@dataclass(frozen=True)
class Step1:
    """The sender has this state vector and asks for the rest."""

    state_vector: bytes


@dataclass(frozen=True)
class Update:
    """An edit, or (`answer`) what the sender has and we lack."""

    update: bytes
    answer: bool = False

    @property
    def has_changes(self) -> bool:
        """Whether it brings content; an answer that only repeats deletions brings none."""
        return Reader(self.update).varuint() > 0


@dataclass(frozen=True)
class Presence:
    """What one client says of itself; `state` is a JSON text, `null` when it left."""

    client: int
    clock: int
    state: str


@dataclass(frozen=True)
class Awareness:
    presences: tuple[Presence, ...]


@dataclass(frozen=True)
class QueryAwareness:
    """The sender asks who is here."""


Message = Step1 | Update | Awareness | QueryAwareness


def least_role(message: Message) -> Role:
    """Return who may send `message`: the policy of the editing socket, kind by kind.

    Whoever may look says so, and may repeat what everybody has; an edit needs an editor.
    """
    match message:
        case Update(answer=answer):
            return Role.EDITOR if not answer or message.has_changes else Role.VIEWER
        case Step1() | Awareness() | QueryAwareness():
            return Role.VIEWER
        case _:
            assert_never(message)


def read_message(data: bytes) -> Message:
    """Return what a browser sent; raise `Malformed` when it is none of the messages above."""
    reader = Reader(data)
    kind = reader.varuint()
    match kind:
        case 0:
            return _read_sync(reader)
        case 1:
            return _read_awareness(reader)
        case 3:
            return QueryAwareness()
        case _:
            raise Malformed(f"A message of kind {kind} is unknown.")


def _read_sync(reader: Reader) -> Step1 | Update:
    step = reader.varuint()
    payload = reader.bytes()
    reader.end()
    match step:
        case 0:
            return Step1(payload)
        case 1 | 2:
            if not payload:
                raise Malformed("An update is empty.")
            return Update(payload, answer=step == STEP_2)
        case _:
            raise Malformed(f"A sync message of kind {step} is unknown.")


def _read_awareness(reader: Reader) -> Awareness:
    inner = Reader(reader.bytes())
    reader.end()
    count = inner.count(3)
    if count > MAX_PRESENCES:
        raise Malformed("Too many presences in one message.")
    presences = []
    for _ in range(count):
        presence = Presence(inner.varuint(), inner.varuint(), inner.string())
        if len(presence.state) > MAX_PRESENCE:
            raise Malformed("A presence is too large.")
        presences.append(presence)
    inner.end()
    return Awareness(tuple(presences))


def step_1(state_vector: bytes) -> bytes:
    return varuint(SYNC) + varuint(STEP_1) + varbytes(state_vector)


def step_2(update: bytes) -> bytes:
    return varuint(SYNC) + varuint(STEP_2) + varbytes(update)


def update(change: bytes) -> bytes:
    return varuint(SYNC) + varuint(UPDATE) + varbytes(change)


def awareness(presences: list[Presence]) -> bytes:
    inner = varuint(len(presences)) + b"".join(
        varuint(presence.client) + varuint(presence.clock) + varstring(presence.state) for presence in presences
    )
    return varuint(AWARENESS) + varbytes(inner)


def acknowledged(count: int) -> bytes:
    return varuint(ACKNOWLEDGED) + varuint(count)


def epoch(name: str) -> bytes:
    return varuint(EPOCH) + varstring(name)
