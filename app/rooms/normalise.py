"""Whatever JSON came out of a shared document, made to fit `GraphDocument` by leaving out what does not."""

from typing import Any, Final

from pydantic import ValidationError

from app.document.model import MAX_CODE, MAX_EDGES, MAX_GRAPHS, MAX_NODES, GraphDocument, parse_edge_key

ROUNDS: Final = 40
_LIMITS: Final = {
    "graphs": MAX_GRAPHS,
    "layers": MAX_NODES,
    "nodes": MAX_NODES,
    "edges": MAX_EDGES,
    "code": MAX_CODE,
}


def normalise(document: dict[str, Any], dropped: list[str]) -> GraphDocument:
    """Return `document` as a valid design; every part that was left out is named in `dropped`.

    An optional field that does not fit falls back to its default; with a required one, the whole layer, node, loss
    or metric goes. The argument is changed.
    """
    _drop_foreign_edges(document, dropped)
    _drop_surplus(document, dropped)
    for _ in range(ROUNDS):
        try:
            return GraphDocument.model_validate(document)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            places = {_find_place(document, fault["loc"]): fault["msg"] for fault in faults}
            for place, why in places.items():
                _drop(document, place, why, dropped)
    dropped.append("everything: too many faults")
    return GraphDocument()


def _drop_foreign_edges(document: dict[str, Any], dropped: list[str]) -> None:
    for key in list(document["edges"]):
        try:
            parse_edge_key(key)
        except ValueError:
            del document["edges"][key]
            dropped.append(f"edges.{key[:200]}: not source:port->target:port")


def _drop_surplus(document: dict[str, Any], dropped: list[str]) -> None:
    for root, limit in _LIMITS.items():
        surplus = sorted(document.get(root, {}))[limit:]
        for key in surplus:
            del document[root][key]
        if surplus:
            dropped.append(f"{root}: {len(surplus)} more than {limit}")


def _find_place(document: dict[str, Any], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the path of the innermost entry at `location` that exists: where a field is missing, what lacks it."""
    place: Any = document
    path: list[str] = []
    for key in location:
        if not isinstance(place, dict) or key not in place:
            break
        path.append(str(key))
        place = place[key]
    return tuple(path)


def _drop(document: dict[str, Any], path: tuple[str, ...], why: str, dropped: list[str]) -> None:
    holder: Any = document
    for key in path[:-1]:
        holder = holder.get(key, {})
    if path and path[-1] in holder:
        del holder[path[-1]]
        dropped.append(f"{'.'.join(path)[:300]}: {why}")
