"""One layer of a file in the words of a design, and what was lost on the way."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.catalog.ports import output_ports
from app.document.model import Layer
from app.graph.check import PLACEHOLDER
from app.graph.ports import output_keys
from app.messages.analysis import LayerReport
from app.worker.imports.errors import NotAModel
from app.worker.imports.params import plain
from app.worker.imports.tensors import History, arguments_of, calls_of, shape_of

MAX_KEPT: Final = 65_536
"""Bytes of configuration that a placeholder keeps."""

NESTED: Final = ("Functional", "Sequential", "Model")
"""Classes of models, which are graphs of their own."""

_NO_NAME: Final = re.compile(r"[\x00-\x1f\x7f/\\\"`;<>\u2028\u2029\ud800-\udfff]")
_KEPT: Final = ("class_name", "module", "registered_name")


@dataclass
class Translated:
    """A layer of a design, the id that it has there, and what a report says of it.

    `bound` holds, for each call of an operation, its wires by port. `inputs` are, for a nested model, the keys by which
    its inputs may be given, in order.
    """

    id: str
    name: str
    layer: Layer
    spec: ObjectSpec | None
    notes: list[str] = field(default_factory=list)
    bound: list[list[tuple[str, History]]] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    line: int = 0

    @property
    def marker(self) -> str:
        """What the layer marks, as `ObjectSpec.marker` says; nothing for a placeholder."""
        return self.spec.marker if self.spec is not None else ""

    def report(self) -> LayerReport:
        """Return what became of the layer."""
        note = "; ".join(dict.fromkeys(self.notes))
        if self.spec is None:
            kept = self.layer.params.get("class_name")
            name = kept if isinstance(kept, str) else ""
            return LayerReport(name=self.name, class_name=name, outcome="placeholder", note=note, line=self.line)
        return LayerReport(
            name=self.name,
            class_name=self.layer.class_name,
            outcome="converted" if self.notes else "ok",
            note=note,
            line=self.line,
        )

    def output_port(self, index: int, arguments: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Return the port of the output that Keras counts as `index`, of a call with these arguments."""
        if self.spec is None:
            return "output" if index == 0 else f"output_{index}"
        if self.marker == "model":
            return f"outputs.{index}"
        keys = output_keys(output_ports(self.spec, {**self.layer.params, **arguments}), index + 1)
        return keys[index] if 0 <= index < len(keys) else f"output_{index}"

    def first_input(self) -> str:
        """Return the port of what is fed by a chain."""
        if self.marker == "model":
            return "inputs.0"
        if self.spec is None or not self.spec.inputs:
            return "input"
        port = self.spec.inputs[0]
        return f"{port.name}.0" if port.variadic else port.name


def name_of(entry: Any) -> str:
    """Return the name of a layer's entry; raise `NotAModel` where it is no entry, or the name none that Keras takes."""
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict) or not isinstance(entry.get("class_name"), str) or not entry["class_name"]:
        raise NotAModel(
            "A layer of this model is no layer.",
            expected='an object with "class_name" and "config"',
            received=repr(entry)[:200],
        )
    name = entry.get("name") or config.get("name") or entry["class_name"]
    if not isinstance(name, str) or not 0 < len(name) <= 200 or _NO_NAME.search(name):
        raise NotAModel(
            "A layer has no usable name.",
            expected='1 to 200 characters, none of them a control character or one of / \\ " ` ; < >',
            received=repr(name)[:200],
        )
    return name


def is_keras(entry: Mapping[str, Any], spec: ObjectSpec) -> bool:
    """Return whether the entry means the class of the catalog, and no other of the same name."""
    registered = entry.get("registered_name")
    if spec.own:
        return registered in (None, f"layerloom>{spec.name}")
    module = entry.get("module")
    if module is None:
        return registered in (None, entry["class_name"])
    if not isinstance(module, str) or module.startswith(("keras.src.ops", "keras.src.models")):
        return False
    return module.split(".")[:2] in (["keras", "layers"], ["keras", "src"]) and ">" not in str(registered)


def placeholder(entry: Mapping[str, Any], name: str, shapes: Mapping[History, list[Any]], why: str = "") -> Translated:
    """Return what stands for a layer that cannot be translated: its configuration, and the shapes that are known."""
    kept: dict[str, JsonValue] = {key: entry[key][:200] for key in _KEPT if isinstance(entry.get(key), str)}
    note = why or f"{entry['class_name'][:100]} is not in the catalog"
    if entry["class_name"] == "Lambda":
        note = "a Lambda holds Python code, which is not run"
    if len(json.dumps(entry["config"])) <= MAX_KEPT:
        kept["config"] = plain(entry["config"])
    else:
        note += "; its configuration was too large to keep"
    inputs = next((found for call in calls_of(entry) if (found := _input_shapes(call))), None) or _built_shapes(entry)
    if inputs:
        kept["input_shapes"] = inputs
    outputs: dict[str, JsonValue] = {
        "output" if index == 0 else f"output_{index}": shape
        for (source, number, index), shape in sorted(shapes.items())
        if source == name and number == 0
    }
    if outputs:
        kept["output_shapes"] = outputs
    return Translated("", name, Layer(class_name=PLACEHOLDER, name=name, params=kept), None, [note])


def _input_shapes(call: Any) -> list[JsonValue]:
    args, _ = arguments_of(call)
    flat = [item for value in args for item in (value if isinstance(value, list) else [value])]
    return [shape for value in flat if (shape := shape_of(value)) is not None]


def _built_shapes(entry: Mapping[str, Any]) -> list[JsonValue]:
    built = entry.get("build_config")
    shape = built.get("input_shape") if isinstance(built, dict) else None
    return [shape] if isinstance(shape, list) and all(size is None or type(size) is int for size in shape) else []


def find_spec(catalog: Catalog, class_name: str) -> ObjectSpec | None:
    """Return the catalog's layer of this class; never one that is a marker of ours."""
    spec = catalog.objects[Kind.LAYER].get(class_name)
    return None if spec is not None and spec.marker in ("output", "model") else spec
