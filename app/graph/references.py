"""What parameters name by id: layers as `{"layer": "<layer id>"}`, and the graphs of nested models, at any depth."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue


def layers_named(value: Any) -> Iterator[str]:
    """Yield the ids of the layers that a parameter's value names."""
    return _named(value, "layer")


def graphs_named(value: Any) -> Iterator[str]:
    """Yield the ids of the graphs that parameters name: those of a `Model` layer, and of such layers inside it."""
    return _named(value, "graph")


def with_ids(value: JsonValue, layers: Mapping[str, str], graphs: Mapping[str, str]) -> JsonValue:
    """Return parameters with the ids that they name replaced, where `layers` or `graphs` has another one."""
    if isinstance(value, dict):
        found = {key: with_ids(item, layers, graphs) for key, item in value.items()}
        for what, ids in (("graph", graphs), ("layer", layers)):
            if _names(value, what):
                found[what] = ids.get(str(value[what]), value[what])
        return found
    if isinstance(value, list):
        return [with_ids(item, layers, graphs) for item in value]
    return value


def _named(value: Any, what: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        if _names(value, what):
            yield value[what]
        for item in value.values():
            yield from _named(item, what)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item, what)


def _names(value: Mapping[str, Any], what: str) -> bool:
    return isinstance(value.get(what), str) and (what == "graph" or len(value) == 1)
