"""JSON to Yjs and back: every JSON object is a `Y.Map`, every other value (a list included) is one plain value."""

import math
from typing import Any, Final

from pycrdt import Array as YArray
from pycrdt import Doc, Map
from pycrdt import Text as YText

from app.document.edits import Edit, RemoveValue, SetValue
from app.document.model import FORMAT, ROOTS
from app.rooms.structure import MAX_DEPTH

FILE: Final = "file"
"""One more root, for what a design file says of itself: the version of its `catalog`."""

Json = Any
SharedDoc = Doc[Any]
SharedMap = Map[Any]


def write_document(doc: SharedDoc, document: dict[str, Json]) -> None:
    """Fill an empty shared document with the JSON of a design, in one transaction."""
    roots = {root: doc.get(root, type=Map) for root in ROOTS}
    with doc.transaction():
        for root, shared in roots.items():
            for key, value in document.get(root, {}).items():
                shared[key] = _to_shared(value)
        if document.get("catalog"):
            doc.get(FILE, type=Map)["catalog"] = document["catalog"]


def read_document(doc: SharedDoc, dropped: list[str]) -> dict[str, Json]:
    """Return the JSON of a design as it stands, fitting its schema or not.

    What JSON cannot say (NaN, bytes, a list that is shared) is left out and named in `dropped`.
    """
    document: dict[str, Json] = {"format": FORMAT}
    for root in ROOTS:
        document[root] = _from_map(doc.get(root, type=Map), root, 0, dropped)
    document["catalog"] = _from_map(doc.get(FILE, type=Map), FILE, 0, dropped).get("catalog", "")
    return document


def apply_edit(doc: SharedDoc, edit: Edit) -> None:
    """Do to the shared document what `app.document.edits.apply_edits` does to its JSON."""
    root, *path = edit.path
    if root not in ROOTS:
        return
    *parents, last = path
    place: SharedMap = doc.get(root, type=Map)
    for key in parents:
        below = place.get(key)
        if not isinstance(below, Map):
            if isinstance(edit, RemoveValue):
                return
            place[key] = Map()
            below = place[key]
        place = below
    if isinstance(edit, SetValue):
        place[last] = _to_shared(edit.value)
    elif last in place:
        del place[last]


def _to_shared(value: Json) -> Any:
    return Map({key: _to_shared(item) for key, item in value.items()}) if isinstance(value, dict) else value


def _from_map(shared: SharedMap, path: str, depth: int, dropped: list[str]) -> dict[str, Json]:
    result = {}
    for key, value in sorted(shared.items()):
        place = f"{path}.{key}"
        if isinstance(value, Map):
            if depth >= MAX_DEPTH:
                dropped.append(f"{place}: nested too deeply")
                continue
            result[key] = _from_map(value, place, depth + 1, dropped)
        elif isinstance(value, YArray | YText | Doc):
            dropped.append(f"{place}: a shared {type(value).__name__}, where a plain value belongs")
        else:
            try:
                result[key] = _plain(value, depth)
            except ValueError as error:
                dropped.append(f"{place}: {error}")
    return result


def _plain(value: Any, depth: int) -> Json:
    """Return a plain value as JSON has it; whole numbers are integers, as in JavaScript."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} is no JSON number")
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case list() | dict() if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        case list():
            return [_plain(item, depth + 1) for item in value]
        case dict():
            return {key: _plain(item, depth + 1) for key, item in value.items()}
        case _:
            raise ValueError(f"{type(value).__name__} is no JSON value")
