"""The configuration of one layer of Keras 1 or 2, field by field."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.worker.imports.keras2.names import DROPPED_FIELDS, FIELDS, KEPT_FIELDS, ONLY_OLD

_FORMATS: Final = {"tf": "channels_last", "th": "channels_first"}
_AXES: Final = ("kernel_size", "strides", "pool_size", "size", "dilation_rate")


def modern_config(class_name: str, config: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return `config` with its fields called as Keras 3 calls them; `notes` gets what was renamed."""
    names = FIELDS[""] | FIELDS.get(class_name, {})
    found: dict[str, Any] = {}
    for key, value in config.items():
        only = ONLY_OLD.get(key)
        new = names.get(key, key) if only is None or class_name in only or key in FIELDS.get(class_name, {}) else key
        if new != key and new in config:
            continue
        if new != key and new != "batch_shape":
            notes.append(f"{key} is called {new} now")
        found[new] = _value(new, value)
    if "nb_row" in found and "nb_col" in found:
        found["kernel_size"] = [found.pop("nb_row"), found.pop("nb_col")]
        notes.append("nb_row and nb_col are called kernel_size now")
    if class_name == "BatchNormalization" and isinstance(found.get("axis"), list) and len(found["axis"]) == 1:
        found["axis"] = found["axis"][0]
    if class_name == "Dot" and config.get("mode") == "cos":
        found["normalize"] = True
    if config.get("class_name") is None and "mode" in found and class_name in _MERGES:
        for old in ("mode", "concat_axis", "mode_type", "output_shape", "output_shape_type", "output_mask"):
            found.pop(old, None)
    if class_name == "InputLayer" and "batch_shape" not in found and isinstance(config.get("input_shape"), list):
        found["batch_shape"] = [None, *config["input_shape"]]
    return found


_MERGES: Final = ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Minimum", "Dot")


def _value(key: str, value: Any) -> Any:
    if key == "data_format" and value in _FORMATS:
        return _FORMATS[value]
    if key == "data_format" and value == "default":
        return "channels_last"
    if isinstance(value, dict) and value.get("class_name") in ("Policy", "PolicyV1"):
        return {**value, "class_name": "DTypePolicy"}
    if key in _AXES and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def modern_object(value: Any) -> Any:
    """Return an initializer, regularizer or constraint with the class name of Keras 3."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str) or "module" in value:
        return value
    name = re.sub(r"V[12]$", "", value["class_name"])
    config = dict(value["config"]) if isinstance(value.get("config"), dict) else {}
    config.pop("dtype", None)
    if name == "VarianceScaling" and config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"
    if name in ("MaxNorm", "MinMaxNorm") and "m" in config:
        config["max_value"] = config.pop("m")
    return {**value, "class_name": name, "config": config}


def drop_fields(class_name: str, config: dict[str, Any], notes: list[str]) -> None:
    """Remove what Keras 3 has no use for from `config`; `notes` gets what made a difference."""
    silent = DROPPED_FIELDS[""] | DROPPED_FIELDS.get(class_name, {})
    for key in [key for key in config if key in silent and key not in KEPT_FIELDS.get(class_name, ())]:
        value = config.pop(key)
        if not any(value == each and type(value) is type(each) for each in silent[key]):
            notes.append(f"{key} is no longer needed")
