"""Architectures of Keras 1 and 2 in the words of Keras 3. What was renamed or dropped is noted at each layer.

Works on parsed JSON alone: entries get a key `converted` with the notes, which `app.worker.imports.graphs` reports.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from app.worker.imports.keras2.calls import modern_calls, modern_ends
from app.worker.imports.keras2.fields import drop_fields, modern_config, modern_object
from app.worker.imports.keras2.names import CLASSES, MERGE_MODES
from app.worker.imports.keras2.operations import modern_operation

_INNER = ("layer", "forward_layer", "backward_layer", "cell")


def modernised(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `data` in the words of Keras 3; the argument, and what Keras 3 wrote, are left as they are."""
    return _entry(dict(data)) if _is_old(data) else dict(data)


def _is_old(entry: Mapping[str, Any]) -> bool:
    return "module" not in entry and isinstance(entry.get("class_name"), str)


def _entry(entry: Any) -> Any:
    if not isinstance(entry, dict) or not _is_old(entry):
        return entry
    config = entry.get("config")
    if isinstance(config, list) and entry["class_name"] == "Sequential":  # one Sequential of Keras before 2.2.3
        config = {"layers": config}
        entry = {**entry, "config": config}
    if not isinstance(config, dict):
        return entry
    if isinstance(config.get("layers"), list):
        return _model(entry, config)
    return _layer(entry, config)


def _model(entry: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    layers = [_entry(layer) for layer in config["layers"]]
    name = (
        {} if isinstance(config.get("name"), str) else {"name": str(entry.get("name") or entry["class_name"]).lower()}
    )
    class_name = "Functional" if entry["class_name"] == "Model" else entry["class_name"]
    config = {**config, **name, "layers": layers}
    if "input_layers" in config:
        names = _usable_names(layers)
        config["layers"] = modern_calls(layers, config, names)
        config["input_layers"], config["output_layers"] = modern_ends(layers, config, names)
    elif class_name == "Sequential":
        names = _usable_names(layers)
        config["layers"] = _with_input([_named(layer, names) for layer in layers])
    return {**entry, "class_name": class_name, "config": config}


def _usable_names(layers: list[Any]) -> dict[str, str]:
    """Return, for names that Keras 3 does not take, names that it does."""
    old = [layer for layer in layers if _has_config(layer) and "module" not in layer]
    names = [layer.get("name") or layer["config"].get("name") for layer in old]
    taken = {name for name in names if isinstance(name, str)}
    found: dict[str, str] = {}
    for name in names:
        if isinstance(name, str) and "/" in name and ".." not in name.split("/"):
            base = re.sub(r"/+", "_", name)
            usable, number = base, 1
            while usable in taken:
                number += 1
                usable = f"{base}_{number}"
            taken.add(usable)
            found[name] = usable
    return found


def _has_config(layer: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(layer, dict) and isinstance(layer.get("config"), dict)


def _named(layer: Any, names: Mapping[str, str]) -> Any:
    if not _has_config(layer):
        return layer
    old = layer.get("name") or layer["config"].get("name")
    if not isinstance(old, str) or old not in names:
        return layer
    named = {**layer, "config": {**layer["config"], "name": names[old]}}
    if "name" in layer:
        named["name"] = names[old]
    named["converted"] = [*layer.get("converted", []), f"renamed from {old[:80]}: Keras 3 allows no / in a name"]
    return named


def _with_input(layers: list[Any]) -> list[Any]:
    """Return the layers of a Sequential with an InputLayer first, where the first layer told its input's shape."""
    first = layers[0] if layers else None
    if not _has_config(first) or first.get("class_name") == "InputLayer":
        return layers
    shape = first["config"].get("batch_shape")
    if not isinstance(shape, list):
        return layers
    dtype = "int32" if first.get("class_name") == "Embedding" else "float32"
    taken = {layer["config"].get("name") for layer in layers if _has_config(layer)}
    name = next(name for name in ("input", "input_layer", "input_of_model") if name not in taken)
    made = {
        "class_name": "InputLayer",
        "config": {"name": name, "batch_shape": shape, "dtype": dtype},
        "converted": [f"the input shape of {first['config'].get('name')} became a layer"],
    }
    return [made, *layers]


def _layer(entry: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    notes: list[str] = []
    operation = modern_operation(entry, config)
    if operation is not None:
        return operation
    class_name = re.sub(r"V[123]$", "", entry["class_name"].rpartition(">")[2])
    if class_name == "Merge":
        class_name = MERGE_MODES.get(str(config.get("mode")), class_name)
        if "concat_axis" in config and class_name == "Concatenate":
            config = {**config, "axis": config["concat_axis"]}
    class_name = CLASSES.get(class_name, class_name)
    if class_name != entry["class_name"]:
        notes.append(f"{entry['class_name'][:60]} is called {class_name} now")
    config = modern_config(class_name, config, notes)
    if entry["class_name"] in ("CuDNNGRU", "GRU") and "reset_after" not in config:
        config["reset_after"] = entry["class_name"] == "CuDNNGRU"
    if entry["class_name"] == "SyncBatchNormalization":
        config["synchronized"] = True
    for key in _INNER:
        if _has_config(config.get(key)):
            config[key] = _entry(config[key])
    if isinstance(config.get("cells"), list):
        config["cells"] = [_entry(cell) for cell in config["cells"]]
    if isinstance(config.get("cell"), list):
        config["cell"] = {
            "class_name": "StackedRNNCells",
            "config": {"name": "cells", "cells": [_entry(cell) for cell in config["cell"]]},
        }
    for key, value in config.items():
        if key.endswith(("_initializer", "_regularizer", "_constraint")):
            config[key] = modern_object(value)
    drop_fields(class_name, config, notes)
    return {**entry, "class_name": class_name, "config": config, **({"converted": notes} if notes else {})}
