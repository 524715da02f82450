"""One shared document in memory, as its log has it plus what is about to be stored."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc, TransactionEvent

from app.document.edits import Edit
from app.messages.lib0 import Malformed
from app.rooms.normalise import normalise
from app.rooms.structure import StateVector, check_update, is_empty, read_state_vector
from app.rooms.ydocument import SharedDoc, apply_edit, read_document, write_document


class Pending(Exception):
    """The document now waits for something that never arrives; it must be read from its log again."""


@dataclass
class Room:
    """A design's shared document of one epoch. `seq` is the number of its last update, `rows` how many are stored."""

    design: str
    epoch: str
    seq: int = 0
    rows: int = 0
    size: int = 0
    doc: SharedDoc = field(default_factory=Doc)

    def __post_init__(self) -> None:
        self._changes: list[bytes] = []
        self._subscription = self.doc.observe(self._on_change)
        self._state: StateVector | None = None
        self._snapshot: bytes | None = None

    def _on_change(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)

    def _take_changes(self) -> bytes:
        """Return what the last transaction changed, as one update; empty when it changed nothing."""
        changes = [change for change in self._changes if not is_empty(change)]
        self._changes.clear()
        if not changes:
            return b""
        self._state = self._snapshot = None
        assert len(changes) == 1
        return changes[0]

    @property
    def state(self) -> StateVector:
        """The clocks by client."""
        if self._state is None:
            self._state = read_state_vector(self.doc.get_state())
        return self._state

    def replay(self, payloads: Iterable[bytes]) -> None:
        """Apply stored updates."""
        for payload in payloads:
            self.doc.apply_update(payload)
        self._changes.clear()
        self._state = self._snapshot = None

    def write(self, document: dict[str, Any]) -> bytes:
        """Fill the empty document; return the update that does it."""
        write_document(self.doc, document)
        self._changes.clear()
        self._state = self._snapshot = None
        return self.doc.get_update()

    def apply(self, update: bytes) -> bytes:
        """Apply an update from a browser; return what it changed, in the encoding of this library.

        Raises `Malformed` or `Gap` before anything is changed, `Pending` when the document is to be thrown away.
        """
        expected = check_update(update, self.state)
        try:
            self.doc.apply_update(update)
        except Exception as error:
            raise Pending(str(error)[:500]) from error
        change = self._take_changes()
        if {client: clock for client, clock in expected.items() if clock} != self.state:
            raise Pending("The update left a gap behind.")
        return change

    def edit(self, edits: Iterable[Edit]) -> bytes:
        """Apply edits in one transaction; return the update that does it."""
        with self.doc.transaction():
            for edit in edits:
                apply_edit(self.doc, edit)
        return self._take_changes()

    def missing_from(self, state_vector: bytes) -> bytes:
        """Return what a replica with this state lacks; raise `Malformed` when it is no state vector."""
        read_state_vector(state_vector)
        return self.doc.get_update(state_vector)

    def snapshot(self) -> bytes:
        """Return `{"document", "dropped"}` as JSON; every content of the shared document has one."""
        if self._snapshot is None:
            dropped: list[str] = []
            document = normalise(read_document(self.doc, dropped), dropped)
            text = document.model_dump_json()
            self._snapshot = f'{{"document":{text},"dropped":{json.dumps(dropped[:200])}}}'.encode()
        return self._snapshot

    def merged(self) -> bytes:
        """Return one update that holds everything; raise `Malformed` when a fresh document does not equal this one."""
        update = self.doc.get_update()
        fresh = Room(self.design, self.epoch)
        fresh.replay([update])
        if fresh.state != self.state or read_document(fresh.doc, []) != read_document(self.doc, []):
            raise Malformed("The merged log does not give the same document.")
        return update
