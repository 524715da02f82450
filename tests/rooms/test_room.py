"""A room against replicas: they converge, whatever arrives in whichever order."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pycrdt import Doc, Map

from app.messages.lib0 import Malformed
from app.rooms.room import Room
from app.rooms.structure import Gap
from app.rooms.ydocument import read_document

ROOT: dict[str, Any] = {"meta": {"name": "x"}, "layers": {"a": {"class_name": "Dense", "name": "a", "params": {}}}}
REPLICAS = 3


class Replicas(RuleBasedStateMachine):
    """Replicas that edit, deliver out of order or twice, fall away and come back by state vector."""

    @initialize()
    def open(self) -> None:
        self.room = Room("design", "epoch")
        first = self.room.write(ROOT)
        self.log = [first]
        self.docs: list[Doc[Any]] = [Doc() for _ in range(REPLICAS)]
        self.waiting: list[list[bytes]] = [[] for _ in range(REPLICAS)]
        for doc in self.docs:
            doc.apply_update(first)

    @rule(
        replica=st.integers(0, REPLICAS - 1),
        key=st.sampled_from(["units", "rate", "name"]),
        value=st.integers(0, 9) | st.text(max_size=3) | st.none(),
        layer=st.sampled_from(["a", "b"]),
    )
    def set_value(self, replica: int, key: str, value: Any, layer: str) -> None:
        doc = self.docs[replica]
        before = doc.get_state()
        layers = doc.get("layers", type=Map)
        with doc.transaction():
            if layer not in layers:
                layers[layer] = Map()
            layers[layer][key] = value
        self.waiting[replica].append(doc.get_update(before))

    @rule(replica=st.integers(0, REPLICAS - 1), layer=st.sampled_from(["a", "b"]))
    def remove_layer(self, replica: int, layer: str) -> None:
        doc = self.docs[replica]
        layers = doc.get("layers", type=Map)
        if layer in layers:
            changes: list[bytes] = []
            subscription = doc.observe(lambda event: changes.append(event.update))
            del layers[layer]
            doc.unobserve(subscription)
            self.waiting[replica] += changes

    @rule(replica=st.integers(0, REPLICAS - 1), index=st.integers(0, 20), again=st.booleans())
    def deliver(self, replica: int, index: int, again: bool) -> None:
        waiting = self.waiting[replica]
        if not waiting:
            return
        update = waiting[index % len(waiting)]
        try:
            change = self.room.apply(update)
        except Gap:
            return
        if not again:
            waiting.remove(update)
        if change:
            self.log.append(change)

    @rule(replica=st.integers(0, REPLICAS - 1))
    def come_back(self, replica: int) -> None:
        doc = self.docs[replica]
        doc.apply_update(self.room.missing_from(doc.get_state()))

    @invariant()
    def the_log_is_the_room(self) -> None:
        again = Room("design", "epoch")
        again.replay(self.log)
        assert (again.state, again.snapshot()) == (self.room.state, self.room.snapshot())

    def teardown(self) -> None:
        for doc, waiting in zip(self.docs, self.waiting, strict=True):
            for update in waiting:
                self.room.apply(update)
            self.room.apply(doc.get_update())
        merged = Room("design", "epoch")
        merged.replay([self.room.merged()])
        expected = read_document(self.room.doc, [])
        assert read_document(merged.doc, []) == expected
        for doc in self.docs:
            doc.apply_update(self.room.missing_from(doc.get_state()))
            assert read_document(doc, []) == expected


Replicas.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_replicas_converge = Replicas.TestCase


def test_two_fields_of_one_node_both_survive() -> None:
    room = Room("design", "epoch")
    first = room.write(ROOT)
    ada, bob = Doc[Any](), Doc[Any]()
    for doc, key, value in ((ada, "units", 5), (bob, "activation", "relu")):
        doc.apply_update(first)
        before = doc.get_state()
        doc.get("layers", type=Map)["a"]["params"][key] = value
        room.apply(doc.get_update(before))
    assert read_document(room.doc, [])["layers"]["a"]["params"] == {"units": 5, "activation": "relu"}


def test_an_update_twice_changes_nothing_the_second_time() -> None:
    room = Room("design", "epoch")
    doc: Doc[Any] = Doc()
    doc.get("meta", type=Map)["name"] = "x"
    assert room.apply(doc.get_update()) != b""
    assert room.apply(doc.get_update()) == b""


def test_a_state_vector_that_is_none_is_refused() -> None:
    with pytest.raises(Malformed):
        Room("design", "epoch").missing_from(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff")
