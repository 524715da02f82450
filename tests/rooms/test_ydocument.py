"""JSON and Yjs say the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from app.document.edits import RemoveValue, SetValue, apply_edits
from app.document.model import GraphDocument
from app.rooms.normalise import normalise
from app.rooms.ydocument import apply_edit, read_document, write_document
from tests.document.strategies import documents, values


def as_javascript(value: Any) -> Any:
    """Whole floats are integers, as a browser has them."""
    match value:
        case bool():
            return value
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case list():
            return [as_javascript(item) for item in value]
        case dict():
            return {key: as_javascript(item) for key, item in value.items()}
        case _:
            return value


def shared(document: dict[str, Any]) -> Doc[Any]:
    """The document after it has travelled to another replica."""
    doc: Doc[Any] = Doc()
    write_document(doc, document)
    other: Doc[Any] = Doc()
    other.apply_update(doc.get_update())
    return other


@given(documents(), st.text(max_size=8))
def test_a_design_comes_back_as_it_was(document: GraphDocument, catalog: str) -> None:
    content = {**document.model_dump(mode="json"), "catalog": catalog}
    dropped: list[str] = []
    assert read_document(shared(content), dropped) == as_javascript(content)
    assert dropped == []


@given(documents())
def test_what_comes_back_is_a_valid_design(document: GraphDocument) -> None:
    content = read_document(shared(document.model_dump(mode="json")), [])
    dropped: list[str] = []
    assert normalise(content, dropped) == GraphDocument.model_validate(as_javascript(document.model_dump(mode="json")))
    assert dropped == []


keys = st.sampled_from(["a", "b", "c"])
paths = st.tuples(st.sampled_from(["meta", "layers", "training"]), keys) | st.tuples(
    st.sampled_from(["layers", "nodes"]), keys, keys, keys
)
edits = st.builds(SetValue, path=paths.map(list), value=values) | st.builds(RemoveValue, path=paths.map(list))


@given(st.lists(edits, max_size=12))
def test_edits_do_to_the_shared_document_what_they_do_to_json(several: list[SetValue | RemoveValue]) -> None:
    doc: Doc[Any] = Doc()
    document: dict[str, Any] = {root: {} for root in ("meta", "layers", "nodes", "edges", "training")}
    write_document(doc, document)
    for edit in several:
        if _blocked(document, edit):
            continue
        document = apply_edits(document, [edit])
        apply_edit(doc, edit)
    read = read_document(doc, [])
    assert {root: read[root] for root in document} == as_javascript(document)


def _blocked(document: dict[str, Any], edit: SetValue | RemoveValue) -> bool:
    """Whether a plain value stands where the path goes on: JSON edits assume objects there."""
    place: Any = document
    for key in edit.path[:-1]:
        place = place.get(key, {})
        if not isinstance(place, dict):
            return True
    return False


def test_what_json_cannot_say_is_dropped_and_named() -> None:
    doc: Doc[Any] = Doc()
    layers = doc.get("layers", type=Map)
    layers["a"] = Map({"list": Array([1]), "text": Text("x"), "bytes": b"x", "nan": float("nan"), "fine": 1})
    dropped: list[str] = []
    assert read_document(doc, dropped)["layers"] == {"a": {"fine": 1}}
    assert {entry.partition(":")[0] for entry in dropped} == {
        "layers.a.list",
        "layers.a.text",
        "layers.a.bytes",
        "layers.a.nan",
    }


def test_maps_within_maps_are_read_to_a_depth() -> None:
    doc: Doc[Any] = Doc()
    place = doc.get("meta", type=Map)
    for _ in range(300):
        place["down"] = Map()
        place = place["down"]
    dropped: list[str] = []
    read_document(doc, dropped)
    assert len(dropped) == 1
    assert dropped[0].endswith("nested too deeply")


def test_another_kind_of_root_is_read_as_an_empty_map() -> None:
    theirs: Doc[Any] = Doc()
    theirs.get("nodes", type=Text).insert(0, "not a map")
    ours: Doc[Any] = Doc()
    ours.apply_update(theirs.get_update())
    assert read_document(ours, [])["nodes"] == {}
