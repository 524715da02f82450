"""Configurations of models, made comparable."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from app.codegen.names import snake_case

_INNER: Final = frozenset({"layer", "backward_layer", "cell", "cells"})
_DRAWN: Final = frozenset({"seed", "build_config", "compile_config"})


def configuration(model: Any, *, named: bool) -> Any:
    """Return the configuration of `model` without what Keras makes up anew each time.

    Those are seeds, the names of operations (`keras.ops` takes none), the counted names of inner layers, the modules of
    registered classes and, unless `named`, the name of the model.
    """
    found = json.loads(model.to_json())
    if not named:
        found["config"].pop("name", None)
    return _settled(found, {})


def first_difference(expected: Any, received: Any, path: str = "") -> str:
    """Return in words where two configurations differ first; nothing when they are equal."""
    if isinstance(expected, dict) and isinstance(received, dict):
        for key in [*expected, *(key for key in received if key not in expected)]:
            if expected.get(key) != received.get(key):
                return first_difference(expected.get(key), received.get(key), f"{path}.{key}")
    if isinstance(expected, list) and isinstance(received, list) and len(expected) == len(received):
        for index, (one, other) in enumerate(zip(expected, received, strict=True)):
            if one != other:
                return first_difference(one, other, f"{path}[{index}]")
    return "" if expected == received else f"{path.lstrip('.')} is {received!r:.200} instead of {expected!r:.200}"


def _settled(value: Any, names: Mapping[str, str]) -> Any:
    """Return `value` without what is drawn, and with operations numbered in the order of their model."""
    if isinstance(value, list):
        return [_settled(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("layers"), list) and "input_layers" in value:
        entries = [entry for entry in value["layers"] if isinstance(entry, dict)]
        operations = [entry["name"] for entry in entries if str(entry.get("module")).startswith("keras.src.ops")]
        names = {name: f"operation {number}" for number, name in enumerate(operations)}
    found = {
        key: _settled(_unnamed(item) if key in _INNER else item, names)
        for key, item in value.items()
        if key not in _DRAWN
    }
    if str(value.get("module")).startswith("keras.src.ops") and value.get("name") in names:
        found["name"] = names[value["name"]]
        found["config"] = {**found["config"], "name": found["name"]}
    if ">" in str(value.get("registered_name")):
        found.pop("module", None)
    if isinstance(value.get("keras_history"), list):
        name, *rest = value["keras_history"]
        found["keras_history"] = [names.get(name, name), *rest]
    for ends in ("input_layers", "output_layers"):
        if ends in value:
            found[ends] = _ends(value[ends], names)
    return found


def _unnamed(value: Any) -> Any:
    """Return an inner layer, or a list of them, without the names that Keras counts up by itself."""
    if isinstance(value, list):
        return [_unnamed(item) for item in value]
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        return value
    name = str(value["config"].get("name"))
    counted = re.fullmatch(rf"(forward_|backward_)?{snake_case(str(value.get('class_name')))}(_\d+)?", name)
    return {**value, "config": {key: item for key, item in value["config"].items() if key != "name" or not counted}}


def _ends(value: Any, names: Mapping[str, str]) -> Any:
    """Return the ends of a model, `[name, node, tensor]` at any depth, with the names of operations settled."""
    if isinstance(value, dict):
        return {key: _ends(item, names) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 3 and isinstance(value[0], str):
        return [names.get(value[0], value[0]), *value[1:]]
    return [_ends(item, names) for item in value]
