"""Edit operations are pure, and set and remove undo each other."""

from hypothesis import given
from hypothesis import strategies as st

from app.document.edits import RemoveValue, SetValue, apply_edits, edits_between
from app.document.model import GraphDocument
from tests.document.strategies import documents, values


@given(documents(), st.text("xyz", min_size=1, max_size=4), values)
def test_a_value_that_was_set_is_there_and_can_be_removed(document: GraphDocument, key: str, value: object) -> None:
    before = document.model_dump()
    path = ["layers", "new", "params", key]
    after = apply_edits(before, [SetValue(path=path, value=value)])
    assert after["layers"]["new"]["params"][key] == value
    assert apply_edits(after, [RemoveValue(path=["layers", "new"])]) == before
    assert before == document.model_dump()


def test_removing_what_is_not_there_changes_nothing() -> None:
    before = GraphDocument().model_dump()
    assert apply_edits(before, [RemoveValue(path=["layers", "a", "params", "units"])]) == before


def test_equal_numbers_of_another_kind_are_a_change() -> None:
    old, new = {"layers": {"a": [1, 0], "b": 2}}, {"layers": {"a": [1.0, False], "b": 2}}
    assert edits_between(old, new) == [SetValue(path=["layers", "a"], value=[1.0, False])]


@given(documents(), documents())
def test_the_edits_between_two_designs_make_one_the_other(old: GraphDocument, new: GraphDocument) -> None:
    edits = edits_between(old.model_dump(mode="json"), new.model_dump(mode="json"))
    assert apply_edits(old.model_dump(mode="json"), edits) == new.model_dump(mode="json")
