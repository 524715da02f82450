"""A Keras architecture turned into a design. The file is data: Keras is not asked to load it."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec, PortSpec
from app.catalog.ports import output_ports
from app.document.model import MAX_EDGES, MAX_NODES, Edge, GraphDocument, Layer, Meta, Node
from app.graph.check import CALL_ARGUMENTS, PLACEHOLDER
from app.graph.layout import layered_positions
from app.messages.analysis import ImportedModel, LayerReport
from app.shared.errors import TooLarge
from app.worker.model_file import NotAModel, read_config

MAX_KEPT: Final = 65_536
"""Bytes of configuration that a placeholder keeps."""

_MERGE_OPERATIONS: Final = frozenset({"Add", "Subtract", "Multiply", "Maximum", "Minimum"})
"""`keras.ops` that a functional model records for `a + b`; the merge layers of the same names do the same."""

_IGNORED: Final = frozenset({"name", "batch_shape", "build_config", "ragged", "optional"})
_AS_MASK: Final = ""
_MASK_NOTE: Final = "Keras computes this mask by itself"
_TENSOR: Final = "__keras_tensor__"

History = tuple[str, int, int]
"""Layer name, number of the call, number of the output: `keras_history`."""


@dataclass
class _Translated:
    """A layer in the words of a design, and what was lost on the way."""

    layer: Layer
    spec: ObjectSpec | None
    notes: list[str] = field(default_factory=list)

    @property
    def report(self) -> LayerReport:
        name = self.layer.name
        if self.spec is None:
            kept = self.layer.params.get("class_name")
            return LayerReport(
                name=name,
                class_name=kept if isinstance(kept, str) else "",
                outcome="placeholder",
                note="; ".join(self.notes),
            )
        outcome: Any = "converted" if self.notes else "ok"
        return LayerReport(name=name, class_name=self.layer.class_name, outcome=outcome, note="; ".join(self.notes))


@dataclass
class _Drawing:
    """The design as it grows. `calls` finds the node and layer of a call, by layer name and number."""

    layers: dict[str, Layer] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    calls: dict[tuple[str, int], tuple[str, _Translated]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    masks: set[str] = field(default_factory=set)

    def identifier(self, name: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:56] or "layer"
        candidate, number = base, 1
        while candidate in self.taken:
            number += 1
            candidate = f"{base}_{number}"
        self.taken.add(candidate)
        return candidate


def import_model(path: Path, filename: str, catalog: Catalog) -> ImportedModel:
    """Return the design of the architecture at `path`, with what became of each layer.

    Raises `NotAModel`, `BadArchive` or `TooLarge`. A layer outside the catalog becomes a placeholder, not an error.
    """
    return import_config(read_config(path, filename), filename, catalog)


def import_config(data: Mapping[str, Any], filename: str, catalog: Catalog) -> ImportedModel:
    """Return the design of a parsed architecture, as `model.to_json()` writes it."""
    config = data["config"]
    entries = config.get("layers")
    if data.get("class_name") not in ("Sequential", "Functional", "Model") or not isinstance(entries, list):
        raise NotAModel(
            "This model is neither Sequential nor functional, so that its layers are not in the file.",
            expected="Sequential or Functional",
            received=str(data.get("class_name"))[:100],
            hint="A subclassed model is Python code; rebuild it with the functional API.",
        )
    if len(entries) > MAX_NODES:
        raise _too_many(len(entries))
    names = [_name_of(entry) for entry in entries]
    _refuse_repeated(names)
    masks = _mask_operations(entries, names)
    made = [
        LayerReport(name=name, class_name=entry["class_name"], outcome="converted", note=_MASK_NOTE)
        for entry, name in zip(entries, names, strict=True)
        if name in masks
    ]
    entries = [entry for entry, name in zip(entries, names, strict=True) if name not in masks]
    names = [name for name in names if name not in masks]
    translated = [_layer(catalog, entry, name) for entry, name in zip(entries, names, strict=True)]
    if data["class_name"] == "Sequential":
        drawing = _sequential(catalog, data, translated)
    else:
        drawing = _functional(config, entries, translated, masks)
    document = _document(drawing, config.get("name") or filename, catalog)
    return ImportedModel(document=document, layers=[*(each.report for each in translated), *made])


def _mask_operations(entries: list[Any], names: list[str]) -> set[str]:
    """Return the names of operations whose results are used as masks only.

    Keras records how it computes a mask (`not_equal` behind `Embedding(mask_zero=True)`); it does so again by itself.
    """
    users: dict[str, set[str]] = defaultdict(set)
    for entry, name in zip(entries, names, strict=True):
        calls = entry.get("inbound_nodes")
        for call in calls if isinstance(calls, list) else []:
            if not isinstance(call, dict):
                continue
            kwargs = call.get("kwargs")
            for key, value in kwargs.items() if isinstance(kwargs, dict) else ():
                for history in _tensors(value):
                    users[history[0]].add(_AS_MASK if key.endswith("mask") else name)
            for history in _tensors(call.get("args")):
                users[history[0]].add(name)
    operations = {
        name
        for entry, name in zip(entries, names, strict=True)
        if str(entry.get("module")).startswith("keras.src.ops") and users[name]
    }
    while stray := {name for name in operations if not users[name] <= operations | {_AS_MASK}}:
        operations -= stray
    return operations


def _name_of(entry: Any) -> str:
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict) or not isinstance(entry.get("class_name"), str):
        raise NotAModel(
            "A layer of this model is no layer.",
            expected='an object with "class_name" and "config"',
            received=repr(entry)[:200],
        )
    name = entry.get("name") or config.get("name") or entry["class_name"]
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise NotAModel(
            "A layer has no usable name.", expected="a text of 1 to 200 characters", received=repr(name)[:200]
        )
    return name


def _refuse_repeated(names: list[str]) -> None:
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise NotAModel(
            f"{count} layers of this model are called {name}.",
            expected="a name of its own for every layer",
            received=name,
            hint="Keras does not write such files; rename the layers and save the model again.",
        )


def _too_many(count: int) -> TooLarge:
    return TooLarge(
        "This model is too large for a design.", expected=f"at most {MAX_NODES} layers", received=f"{count} layers"
    )


# Layers


def _layer(catalog: Catalog, entry: Mapping[str, Any], name: str) -> _Translated:
    class_name, module = entry["class_name"], str(entry.get("module") or "keras.layers")
    spec = catalog.objects[Kind.LAYER].get(class_name)
    if module.startswith("keras.src.ops") and class_name in _MERGE_OPERATIONS and _takes_two_tensors(entry):
        layer = Layer(class_name=class_name, name=name)
        return _Translated(layer, spec, [f"keras.ops {class_name.lower()} became the layer {class_name}"])
    if spec is None or spec.marker == "output" or not _is_keras_layer(module, entry):
        return _placeholder(entry, name)
    notes: list[str] = []
    params = _input_params(entry["config"]) if spec.marker else {}
    params |= dict(_params(catalog, spec, entry["config"], notes))
    return _Translated(Layer(class_name=class_name, name=name, params=params), spec, notes)


def _takes_two_tensors(entry: Mapping[str, Any]) -> bool:
    """Return whether every call of an operation is of two tensors, and none of a tensor and a number."""
    calls = entry.get("inbound_nodes")
    return isinstance(calls, list) and all(
        isinstance(call, dict)
        and isinstance(args := call.get("args"), list)
        and len(args) == 2
        and all(len(list(_tensors(arg))) == 1 for arg in args)
        for call in calls
    )


def _is_keras_layer(module: str, entry: Mapping[str, Any]) -> bool:
    return module.split(".")[:2] in (["keras", "layers"], ["keras", "src"]) and not module.startswith(
        ("keras.src.ops", "keras.src.models")
    )


def _placeholder(entry: Mapping[str, Any], name: str) -> _Translated:
    kept: dict[str, JsonValue] = {
        key: entry[key] for key in ("class_name", "module", "registered_name") if isinstance(entry.get(key), str)
    }
    note = f"{entry['class_name'][:100]} is not in the catalog"
    if entry["class_name"] in ("Functional", "Sequential", "Model"):
        note = "a model inside a model"
    elif entry["class_name"] == "Lambda":
        note = "a Lambda holds Python code, which is not run"
    if len(json.dumps(entry["config"])) <= MAX_KEPT:
        kept["config"] = entry["config"]
    else:
        note += "; its configuration was too large to keep"
    return _Translated(Layer(class_name=PLACEHOLDER, name=name, params=kept), None, [note])


def _input_params(config: Mapping[str, Any]) -> dict[str, JsonValue]:
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if not isinstance(shape, list) or not shape:
        return {}
    batch: dict[str, JsonValue] = {} if shape[0] is None else {"batch_size": shape[0]}
    return {"shape": shape[1:], **batch}


def _params(
    catalog: Catalog, spec: ObjectSpec, config: Mapping[str, Any], notes: list[str]
) -> Iterator[tuple[str, JsonValue]]:
    """Yield the parameters of `config` that differ from their defaults."""
    known = {param.name: param for param in spec.params}
    for name, value in config.items():
        if name in known:
            converted = _value(catalog, known[name], value, notes)
            if not _is_default(catalog, spec, known[name], converted, config):
                yield name, converted
        elif name not in _IGNORED and not (name == "trainable" and value is True) and _matters(name, value):
            notes.append(f"{name} was left out")


def _matters(name: str, value: Any) -> bool:
    return value not in (None, False) and not (name == "dtype" and _dtype(value) == "float32")


def _value(catalog: Catalog, param: ParamSpec, value: Any, notes: list[str]) -> JsonValue:
    match param.kind:
        case ParamKind.DTYPE:
            return _dtype(value)
        case ParamKind.OBJECT if param.object_kind is not None:
            return _object(catalog, param.object_kind, value, notes)
        case ParamKind.LAYER:
            return _object(catalog, Kind.LAYER, value, notes)
        case ParamKind.LAYERS if isinstance(value, list):
            return [_object(catalog, Kind.LAYER, item, notes) for item in value]
    found: JsonValue = value
    return found


def _dtype(value: Any) -> JsonValue:
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        return name if isinstance(name, str) else None
    return value if isinstance(value, str) else None


def _object(catalog: Catalog, kind: Kind, value: Any, notes: list[str]) -> JsonValue:
    """Return a nested object by name where all is default, else with only what differs from its defaults."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return value
    name, config = value["class_name"], value.get("config")
    if name == "function" and isinstance(config, str):
        name, config = config, {}
    if not isinstance(config, dict):
        config = {}
    spec = catalog.find(kind, name)
    if spec is None:
        notes.append(f"{name[:100]} is not in the catalog")
        return {"class_name": name, "config": config}
    lost: list[str] = []
    params = dict(_params(catalog, spec, config, lost))
    notes += [note for note in lost if not note.startswith("zero_output_for_mask")]
    if kind is not Kind.LAYER:
        return spec.name if not params else {"class_name": spec.name, "config": params}
    inner = config.get("name")
    if isinstance(inner, str):
        params["name"] = re.sub(r"^(forward_|backward_)", "", inner)
    return {"class_name": spec.name, "config": params}


def _is_default(
    catalog: Catalog, spec: ObjectSpec, param: ParamSpec, value: JsonValue, config: Mapping[str, Any]
) -> bool:
    if param.required:
        return False
    if spec.name == "Bidirectional" and param.name == "backward_layer":
        return _mirrors(config)
    if value is None or value == param.default:
        return value == param.default
    if param.default is None and (value is False or (param.name.endswith("activation") and value == "linear")):
        return True
    if param.kind is ParamKind.DTYPE:
        return value == "float32"
    if param.kind is ParamKind.SIZE and isinstance(value, list) and len(set(map(str, value))) == 1:
        return value[0] == param.default or (
            param.default is None and param.name == "strides" and value == config.get("pool_size")
        )
    if param.kind is ParamKind.OBJECT and param.object_kind and isinstance(value, str):
        default = catalog.find(param.object_kind, param.default) if isinstance(param.default, str) else None
        return default is not None and default.name == value
    return param.name == "data_format" and value == "channels_last"


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


# Wires


def _sequential(catalog: Catalog, data: Mapping[str, Any], translated: list[_Translated]) -> _Drawing:
    drawing = _Drawing()
    chain = list(translated)
    if not chain or chain[0].spec is None or chain[0].spec.marker != "input":
        shape = _built_shape(data)
        if shape is not None:
            params = _input_params({"batch_shape": shape})
            spec = catalog.objects[Kind.LAYER]["InputLayer"]
            name = "input" if all(each.layer.name != "input" for each in chain) else "input_of_model"
            chain.insert(0, _Translated(Layer(class_name="InputLayer", name=name, params=params), spec))
    previous: tuple[str, str] | None = None
    for each in chain:
        node = _draw(drawing, each, 0)
        if previous is not None:
            drawing.edges[f"{previous[0]}:{previous[1]}->{node}:{_first_input(each.spec)}"] = Edge()
        previous = (node, _output_port(each, 0))
    if previous is not None and chain:
        _draw_outputs(drawing, [previous])
    return drawing


def _built_shape(data: Mapping[str, Any]) -> list[Any] | None:
    built = data.get("build_config")
    shape = data["config"].get("build_input_shape") or (built.get("input_shape") if isinstance(built, dict) else None)
    return shape if isinstance(shape, list) and shape else None


def _first_input(spec: ObjectSpec | None) -> str:
    if spec is None or not spec.inputs:
        return "input"
    port = spec.inputs[0]
    return f"{port.name}.0" if port.variadic else port.name


def _functional(
    config: Mapping[str, Any],
    entries: list[Mapping[str, Any]],
    translated: list[_Translated],
    masks: set[str],
) -> _Drawing:
    drawing = _Drawing(masks=masks)
    total = sum(len(calls) for entry in entries if isinstance(calls := entry.get("inbound_nodes"), list))
    if total > MAX_NODES:
        raise _too_many(total)
    for entry, each in zip(entries, translated, strict=True):
        calls = entry.get("inbound_nodes")
        count = len(calls) if isinstance(calls, list) else 0
        for number in range(max(count, 1)):
            _draw(drawing, each, number)
    for entry, each in zip(entries, translated, strict=True):
        calls = entry.get("inbound_nodes")
        for number, call in enumerate(calls if isinstance(calls, list) else []):
            _wire(drawing, each, number, call)
    inputs = [drawing.calls[history[:2]] for history in _histories(config.get("input_layers"), drawing)]
    if len(inputs) > 1:
        for position, (node, each) in enumerate(inputs):
            layer = drawing.layers[drawing.nodes[node]["layer"]]
            if each.spec is not None and each.spec.marker == "input":
                layer.params["position"] = position
    ends = []
    for name, number, index in _histories(config.get("output_layers"), drawing):
        node, each = drawing.calls[name, number]
        ends.append((node, _output_port(each, index)))
    _draw_outputs(drawing, ends)
    return drawing


def _draw(drawing: _Drawing, each: _Translated, number: int) -> str:
    """Add a call of a layer; the layer itself with its first call."""
    name = each.layer.name
    if number == 0:
        node = layer = drawing.identifier(name)
        drawing.layers[layer] = each.layer
    else:
        layer = drawing.nodes[drawing.calls[name, 0][0]]["layer"]
        node = drawing.identifier(f"{layer}_call{number + 1}")
    drawing.nodes[node] = {"layer": layer}
    drawing.calls[name, number] = (node, each)
    return node


def _draw_outputs(drawing: _Drawing, ends: list[tuple[str, str]]) -> None:
    for position, (source, port) in enumerate(ends):
        node = drawing.identifier("output")
        params: dict[str, JsonValue] = {"position": position} if len(ends) > 1 else {}
        drawing.layers[node] = Layer(class_name="Output", name=node, params=params)
        drawing.nodes[node] = {"layer": node}
        drawing.edges[f"{source}:{port}->{node}:input"] = Edge()


def _wire(drawing: _Drawing, each: _Translated, number: int, call: Any) -> None:
    if not isinstance(call, dict):
        raise NotAModel(
            "This architecture was written by an older Keras.",
            expected="the format of Keras 3: inbound_nodes with args and kwargs",
            received=f"inbound_nodes of {each.layer.name} hold a {type(call).__name__}",
            hint="Load it with Keras 3 and save it again.",
        )
    args, kwargs = call.get("args"), call.get("kwargs")
    values = list(enumerate(args)) if isinstance(args, list) else []
    named: list[tuple[int | str, Any]] = [*values, *(kwargs.items() if isinstance(kwargs, dict) else ())]
    node = drawing.calls[each.layer.name, number][0]
    for place, value in named:
        histories = [history for history in _tensors(value) if history[0] not in drawing.masks]
        if histories:
            for target, history in zip(_target_ports(each, place, len(histories), value), histories, strict=False):
                _connect(drawing, each, history, node, target)
        elif place in CALL_ARGUMENTS and value is True:
            drawing.nodes[node].setdefault("arguments", {})[place] = value
    if len(drawing.edges) > MAX_EDGES:
        raise TooLarge("This model has too many wires for a design.", expected=f"at most {MAX_EDGES}")


def _connect(drawing: _Drawing, each: _Translated, history: History, node: str, target: str) -> None:
    source, feeding = _call_of(drawing, history)
    port = _output_port(feeding, history[2])
    drawing.edges[f"{source}:{port}->{node}:{target}"] = Edge()


def _call_of(drawing: _Drawing, history: History) -> tuple[str, _Translated]:
    found = drawing.calls.get(history[:2])
    if found is None:
        raise NotAModel(
            "A layer of this model is fed by one that is not in the file.",
            expected="the name of a layer and the number of a call",
            received=repr(history)[:200],
        )
    return found


def _target_ports(each: _Translated, place: int | str, count: int, value: Any) -> list[str]:
    """Return the ports for the tensors of one argument, by its position or name in Keras' `call`."""
    if each.spec is None:
        prefix = "input" if place == 0 and count == 1 else f"inputs_{place}" if isinstance(place, int) else ""
        base = prefix or re.sub(r"[^a-z0-9_]", "_", str(place).lower())[:60]
        return [base] if count == 1 else [f"{base}.{index}" for index in range(count)]
    arguments = list(dict.fromkeys(port.argument for port in each.spec.inputs))
    if isinstance(place, int):
        if place > 0 and len(arguments) == 1:  # an operation such as a + b: every argument is one input
            return [f"{port.name}.{place}" if port.variadic else port.name for port in each.spec.inputs[:1]]
        place = arguments[place] if place < len(arguments) else ""
    ports = [port for port in each.spec.inputs if port.argument == place]
    if ports and ports[0].variadic:
        return [f"{ports[0].name}.{index}" for index in range(count)]
    if not ports:
        each.notes.append(f"the argument {str(place)[:60] or 'after the last'} was left out")
    return [port.name for port in ports]


def _output_port(each: _Translated, index: int) -> str:
    if each.spec is None:
        return "output" if index == 0 else f"output_{index}"
    ports: list[PortSpec] = list(output_ports(each.spec, each.layer.params))
    return ports[index].name if 0 <= index < len(ports) else f"output_{index}"


def _tensors(value: Any) -> Iterator[History]:
    """Yield the histories of all tensors in an argument, in order."""
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        config = value.get("config")
        yield _history(config.get("keras_history") if isinstance(config, dict) else None)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors(item)


def _histories(value: Any, drawing: _Drawing) -> list[History]:
    """Return the histories in `input_layers` or `output_layers`: one, a list of them, or a dict."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not value:
        return []
    histories = [_history(value)] if isinstance(value[0], str) else [_history(item) for item in value]
    for history in histories:
        _call_of(drawing, history)
    return histories


def _history(value: Any) -> History:
    match value:
        case [str(name), int(number), int(index)]:
            return name, number, index
        case _:
            raise NotAModel(
                "A wire of this model cannot be read.",
                expected="a layer's name, the number of its call and of its output",
                received=repr(value)[:200],
            )


def _document(drawing: _Drawing, name: Any, catalog: Catalog) -> GraphDocument:
    if len(drawing.nodes) > MAX_NODES:
        raise _too_many(len(drawing.nodes))
    sources: dict[str, list[str]] = defaultdict(list)
    for key in drawing.edges:
        source, target = key.split("->")
        sources[target.split(":")[0]].append(source.split(":")[0])
    places = layered_positions(drawing.nodes, sources)
    nodes = {node: Node(**call, x=places[node][0], y=places[node][1]) for node, call in drawing.nodes.items()}
    title = str(name).removesuffix(".keras").removesuffix(".json")[:200] or "Imported model"
    try:
        return GraphDocument(
            catalog=catalog.version, meta=Meta(name=title), layers=drawing.layers, nodes=nodes, edges=drawing.edges
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise NotAModel(
            "This model does not fit a design.",
            expected=first["msg"],
            received=f"{'.'.join(map(str, first['loc']))}: {first['input']!r}"[:200],
        ) from error
