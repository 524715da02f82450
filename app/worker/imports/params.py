"""The configuration of a Keras object as the parameters of a design: only what differs from its default."""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec

IGNORED: Final = frozenset(
    {"name", "batch_shape", "batch_input_shape", "build_config", "optional", "ragged", "vocabulary_size"}
)
"""Keys of a configuration that are told elsewhere, follow from others, or that Keras 3 keeps for old files only."""

_SAY_NOTHING: Final = {"trainable": True, "oov_method": "floormod"}
"""Values of keys that a constructor does not name, where they are what Keras does anyway."""

InnerLayer = Callable[[Any], JsonValue | None]
"""Translates a layer that is held by another one; None leaves it to `ParamReader`."""


class ParamReader:
    """Reads configurations against one catalog. `inner` may take an inner layer over, such as a nested model."""

    def __init__(self, catalog: Catalog, inner: InnerLayer = lambda value: None) -> None:
        self.catalog = catalog
        self._inner = inner

    def params(
        self, spec: ObjectSpec, config: Mapping[str, Any], notes: list[str], *, floats: bool = False
    ) -> dict[str, JsonValue]:
        """Return the parameters of `config` that differ from their defaults; `notes` gets what was left out.

        With `floats`, numbers that went through a 32-bit variable are written as a person would: 0.001.
        """
        return dict(self._params(spec, config, notes, floats))

    def _params(
        self, spec: ObjectSpec, config: Mapping[str, Any], notes: list[str], floats: bool
    ) -> Iterator[tuple[str, JsonValue]]:
        known = {param.name: param for param in spec.params}
        for name, value in config.items():
            if name in known:
                converted = self.value(known[name], value, notes)
                if floats and isinstance(converted, float):
                    converted = rounded(converted)
                if not self._is_default(spec, known[name], converted, config):
                    yield name, converted
            elif name not in IGNORED and _matters(name, value):
                notes.append(f"{name[:60]} was left out")

    def value(self, param: ParamSpec, value: Any, notes: list[str]) -> JsonValue:
        """Return one value of a configuration in the words of a design."""
        match param.kind:
            case ParamKind.DTYPE:
                return dtype_name(value)
            case ParamKind.OBJECT if param.object_kind is not None:
                return self.object(param.object_kind, value, notes)
            case ParamKind.LAYER:
                return self.object(Kind.LAYER, value, notes)
            case ParamKind.LAYERS if isinstance(value, list):
                return [self.object(Kind.LAYER, item, notes) for item in value]
        if isinstance(value, dict) and value.get("class_name") == "SeedGenerator":
            inner = value.get("config")
            value = inner.get("seed") if isinstance(inner, dict) else None
        return plain(value)

    def object(self, kind: Kind, value: Any, notes: list[str]) -> JsonValue:
        """Return a nested object by name where all is default, else with only what differs from its defaults."""
        if isinstance(value, str) and kind is not Kind.LAYER:
            known = self.catalog.find(kind, value)
            if known is None:
                notes.append(f"{value[:100]} is not in the catalog")
            return value if known is None else known.name
        if kind is Kind.LAYER and (taken := self._inner(value)) is not None:
            return taken
        if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
            return plain(value)
        name, config = value["class_name"], value.get("config")
        if name == "function" and isinstance(config, str):
            name, config = config, {}
        if not isinstance(config, dict):
            config = {}
        spec = self.catalog.find(kind, name)
        if spec is None:
            notes.append(f"{name[:100]} is not in the catalog")
            return {"class_name": name[:128], "config": plain(config)}
        lost: list[str] = []
        params = self.params(spec, config, lost)
        notes += [note for note in lost if not note.startswith("zero_output_for_mask")]
        if Kind.LAYER not in (kind, spec.kind):
            return spec.name if not params else {"class_name": spec.name, "config": params}
        inner = config.get("name")
        if isinstance(inner, str):
            params["name"] = re.sub(r"^(forward_|backward_)", "", inner)
        return {"class_name": spec.name, "config": params}

    def _is_default(self, spec: ObjectSpec, param: ParamSpec, value: JsonValue, config: Mapping[str, Any]) -> bool:
        if param.required:
            return False
        if spec.name == "Bidirectional" and param.name == "backward_layer":
            return _mirrors(config)
        if value is None or value == param.default:
            return bool(value == param.default) and isinstance(value, bool) is isinstance(param.default, bool)
        if spec.kind is Kind.OPERATION:
            return False
        if param.default is None and (value is False or (param.name.endswith("activation") and value == "linear")):
            return True
        if param.kind is ParamKind.DTYPE:
            return value == "float32"
        if param.kind is ParamKind.SIZE and isinstance(value, list) and len(set(map(str, value))) == 1:
            return value[0] == param.default or (
                param.default is None and param.name == "strides" and value == config.get("pool_size")
            )
        if param.kind is ParamKind.OBJECT and param.object_kind and isinstance(value, str):
            default = self.catalog.find(param.object_kind, param.default) if isinstance(param.default, str) else None
            return default is not None and default.name == value
        return param.name == "data_format" and value == "channels_last"


def plain(value: Any) -> JsonValue:
    """Return `value` with Keras' wrappings of constants (`__tensor__`, `__numpy__`, tuples) taken off."""
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") in ("__tensor__", "__numpy__", "__tuple__") and isinstance(config, dict):
            return plain(config.get("value"))
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    found: JsonValue = value
    return found


def dtype_name(value: Any) -> JsonValue:
    """Return the name of a dtype or of a dtype policy, which Keras writes as an object."""
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        return name if isinstance(name, str) else None
    return value if isinstance(value, str) else None


def rounded(value: float) -> float:
    """Return the shortest number that is the same in 32 bits: 0.0010000000474974513 becomes 0.001."""
    try:
        single = struct.pack("f", value)
    except OverflowError:
        return value
    if struct.unpack("f", single)[0] != value:
        return value
    return next(short for digits in range(1, 18) if struct.pack("f", short := float(f"{value:.{digits}g}")) == single)


def _matters(name: str, value: Any) -> bool:
    if value in (None, False) or (name in _SAY_NOTHING and value == _SAY_NOTHING[name]):
        return False
    return not (name == "dtype" and dtype_name(value) == "float32")


def _mirrors(config: Mapping[str, Any]) -> bool:
    """Return whether the backward layer is the one that Keras derives from the forward layer."""
    forward, backward = config.get("layer"), config.get("backward_layer")
    if not isinstance(forward, dict) or not isinstance(backward, dict):
        return backward is None
    one, other = dict(forward.get("config") or {}), dict(backward.get("config") or {})
    turned = one.pop("go_backwards", None) is not other.pop("go_backwards", None)
    one.pop("name", None)
    other.pop("name", None)
    return turned and one == other and forward.get("class_name") == backward.get("class_name")
