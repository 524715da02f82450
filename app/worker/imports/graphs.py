"""The graphs of a Keras model drawn as a design: layers, calls and wires, and models inside models."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind
from app.document.model import MAX_EDGES, MAX_GRAPHS, MAX_NODES, Edge, Graph, Layer, ModelClass
from app.graph.check import CALL_ARGUMENTS
from app.messages.analysis import LayerReport
from app.shared.errors import TooLarge
from app.worker.imports.call_defaults import is_filled_in
from app.worker.imports.entries import (
    built_shape,
    count_shared,
    input_params,
    is_nested,
    notes_of,
    published,
    refuse_repeated,
    thawed,
)
from app.worker.imports.errors import NotAModel
from app.worker.imports.masks import mask_operations
from app.worker.imports.operations import find_operation, operation
from app.worker.imports.params import ParamReader
from app.worker.imports.tensors import History, arguments_of, calls_of, ends, shapes_by_history, tensors
from app.worker.imports.translated import NESTED, Translated, find_spec, is_keras, name_of, placeholder
from app.worker.imports.wires import refuse_circle, says_nothing, target_ports

_MASK_NOTE: Final = "Keras computes this mask by itself"
_FIRST_CALL: Final = 0


@dataclass
class End:
    """An output of a graph: its node, the layer that feeds it, and the key that the file gives it."""

    node: str
    name: str
    key: str


@dataclass
class _Scope:
    """One graph as it is drawn. `calls` finds the node of a call, by layer name and number."""

    graph: str
    path: str
    entries: list[Mapping[str, Any]] = field(default_factory=list)
    translated: dict[str, Translated] = field(default_factory=dict)
    calls: dict[tuple[str, int], str] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    masks: set[str] = field(default_factory=set)


class Drawing:
    """The design as it grows. Ids are made from names, and are the same for the same file."""

    def __init__(self, catalog: Catalog) -> None:
        self.layers: dict[str, Layer] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: dict[str, Edge] = {}
        self.graphs: dict[str, Graph] = {}
        self.lines: dict[str, int] = {}
        self.notes: list[str] = []
        self._catalog = catalog
        self._reader = ParamReader(catalog, self._inner_layer)
        self._translated: list[Translated] = []
        self._masks: list[LayerReport] = []
        self._taken: set[str] = set()
        self._shared: dict[int, Translated] = {}
        self._held: Counter[int] = Counter()
        self._path = ""

    def draw(self, data: Mapping[str, Any]) -> list[End]:
        """Draw a whole model; return its outputs in order."""
        self._held = count_shared(data)
        return self._graph(data, "", "")[1]

    def reports(self) -> list[LayerReport]:
        """Return what became of each layer, in the order of the file."""
        return [*(each.report() for each in self._translated), *self._masks]

    def identifier(self, name: str) -> str:
        """Return an id made from `name` that nothing of the design has yet."""
        base = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:56] or "layer"
        found = next(found for number in count(1) if (found := _numbered(base, number)) not in self._taken)
        self._taken.add(found)
        return found

    # Graphs

    def _graph(self, data: Mapping[str, Any], graph: str, path: str) -> tuple[list[str], list[End]]:
        """Draw one graph; return the keys of its inputs and its outputs, in order."""
        config = data["config"]
        entries = config["layers"]
        if len(entries) + len(self.nodes) > MAX_NODES:
            raise _too_many(len(entries) + len(self.nodes))
        names = [name_of(entry) for entry in entries]
        refuse_repeated(names)
        scope = _Scope(graph, path)
        scope.masks = mask_operations(entries, names)
        kept = [(entry, name) for entry, name in zip(entries, names, strict=True) if name not in scope.masks]
        self._masks += [
            LayerReport(name=path + name, class_name=entry["class_name"], outcome="converted", note=_MASK_NOTE)
            for entry, name in zip(entries, names, strict=True)
            if name in scope.masks
        ]
        shapes = shapes_by_history(entries)
        scope.entries = [entry for entry, _ in kept]
        outer, self._path = self._path, path
        for entry, name in kept:
            scope.translated[name] = self._translate(entry, name, shapes)
        self._path = outer
        sequential = data["class_name"] == "Sequential"
        return self._sequential(data, scope) if sequential else self._functional(config, scope)

    def _sequential(self, data: Mapping[str, Any], scope: _Scope) -> tuple[list[str], list[End]]:
        chain = list(scope.translated.values())
        if not chain or chain[0].marker != "input":
            shape = built_shape(data)
            if shape is not None:
                chain.insert(0, self._made_input(shape, scope))
        previous: tuple[str, str, str] | None = None
        for each in chain:
            node = self._draw_call(scope, each, 0, each.line)
            if previous is not None:
                self.edges[f"{previous[0]}:{previous[1]}->{node}:{each.first_input()}"] = Edge()
            previous = (node, each.output_port(0), each.layer.name)
        inputs = [each.layer.name for each in chain[:1] if each.marker == "input"]
        return inputs, self._draw_outputs(scope, [("", *previous)] if previous is not None else [])

    def _made_input(self, shape: list[Any], scope: _Scope) -> Translated:
        spec = find_spec(self._catalog, "InputLayer")
        name = next(name for name in ("input", "input_layer", "input_of_model") if name not in scope.translated)
        layer = Layer(class_name="InputLayer", name=name, params=input_params({"batch_shape": shape}))
        made = Translated(self.identifier(name), scope.path + name, layer, spec)
        self.layers[made.id] = layer
        self._translated.append(made)
        return made

    def _functional(self, config: Mapping[str, Any], scope: _Scope) -> tuple[list[str], list[End]]:
        total = sum(len(calls_of(entry)) for entry in scope.entries)
        if total + len(self.nodes) > MAX_NODES:
            raise _too_many(total + len(self.nodes))
        each_entry = list(zip(scope.entries, scope.translated.values(), strict=True))
        for entry, each in each_entry:
            calls = calls_of(entry)
            for number in range(max(len(calls), 1)):
                line = calls[number].get("line") if calls and isinstance(calls[number], dict) else each.line
                self._draw_call(scope, each, number, line)
        for entry, each in each_entry:
            for number, call in enumerate(calls_of(entry)):
                self._wire(scope, each, number, call)
        refuse_circle(
            scope.nodes, self.edges, {node: self.layers[self.nodes[node]["layer"]].name for node in scope.nodes}
        )
        return self._read_inputs(config, scope), self._read_outputs(config, scope)

    def _read_inputs(self, config: Mapping[str, Any], scope: _Scope) -> list[str]:
        found = ends(config.get("input_layers"))
        self._note_keys("inputs", found, scope)
        keys = []
        for position, (key, history) in enumerate(found):
            self._node_of(scope, history)
            each = scope.translated[history[0]]
            keys.append(key or each.layer.name)
            if each.marker == "input" and len(found) > 1:
                each.layer.params["position"] = position
        return keys

    def _read_outputs(self, config: Mapping[str, Any], scope: _Scope) -> list[End]:
        nested = {name_of(entry) for entry in scope.entries if is_nested(entry) and entry["class_name"] != "Sequential"}
        found = ends(config.get("output_layers"))
        self._note_keys("outputs", found, scope)
        sources = []
        for key, (name, number, index) in found:
            if name in nested and number > 0:
                number -= 1  # Keras counts the first call of a functional model as 1 here, and as 0 elsewhere
            node = self._node_of(scope, (name, number, index))
            sources.append((key, node, self._port_of(scope, node, name, index), name))
        return self._draw_outputs(scope, sources)

    def _note_keys(self, what: str, found: list[tuple[str, History]], scope: _Scope) -> None:
        keys = [key for key, _ in found if key]
        if keys:
            where = f" of {scope.path.rstrip('/')}" if scope.path else ""
            self.notes.append(f"The {what}{where} had names ({', '.join(keys)[:200]}); now they have an order.")

    def _draw_outputs(self, scope: _Scope, sources: list[tuple[str, str, str, str]]) -> list[End]:
        """Draw the ends of a graph; several are named as Keras names them, by their key or the layer that they are of.

        `sources` are, for each, its key, and the node, the port and the name of the layer that feed it.
        """
        found: list[End] = []
        names: set[str] = set()
        for position, (key, source, port, feeding) in enumerate(sources):
            base = (key or feeding).replace("/", "_")[:190] if len(sources) > 1 else "output"
            name = next(name for number in count(1) if (name := _numbered(base, number)) not in names)
            names.add(name)
            node = self.identifier("output")
            params: dict[str, JsonValue] = {"position": position} if len(sources) > 1 else {}
            self.layers[node] = Layer(class_name="Output", name=name, params=params)
            self.nodes[node] = {"layer": node, "graph": scope.graph}
            self._connect(f"{source}:{port}->{node}:input")
            scope.nodes.append(node)
            found.append(End(node, feeding, key))
        return found

    def _draw_call(self, scope: _Scope, each: Translated, number: int, line: Any) -> str:
        """Add a call of a layer; the node of the first has the id of the layer, where it is free."""
        free = number == _FIRST_CALL and each.id not in self.nodes
        node = each.id if free else self.identifier(f"{each.id}_call{number + 1}")
        self.nodes[node] = {"layer": each.id, "graph": scope.graph}
        scope.calls[each.layer.name, number] = node
        scope.nodes.append(node)
        if isinstance(line, int) and line > 0:
            self.lines[node] = line
        return node

    # Layers

    def _translate(self, entry: Mapping[str, Any], name: str, shapes: Mapping[History, list[Any]]) -> Translated:
        """Return a layer of the graph that is drawn: a new one, or one that the file says is the same."""
        key = self._shared_key(entry)
        if key is not None and key in self._shared:
            return self._shared[key]
        entry = published(entry)
        each = self._layer(entry, name, shapes)
        each.id = self.identifier(name)
        each.name = self._path + name
        line = entry.get("line")
        each.line = line if isinstance(line, int) else 0
        each.notes = [*notes_of(entry), *each.notes]
        self.layers[each.id] = each.layer
        self._translated.append(each)
        if key is not None:
            self._shared[key] = each
        return each

    def _layer(self, entry: Mapping[str, Any], name: str, shapes: Mapping[History, list[Any]]) -> Translated:
        if is_nested(entry):
            return self._model(entry, name)
        found = find_operation(self._catalog, entry)
        if found is not None:
            drawn = operation(self._reader, entry, found, name)
            return drawn if isinstance(drawn, Translated) else placeholder(entry, name, shapes, drawn)
        spec = find_spec(self._catalog, entry["class_name"])
        if spec is None or not is_keras(entry, spec):
            return placeholder(entry, name, shapes)
        notes: list[str] = []
        params = input_params(entry["config"]) if spec.marker else {}
        params |= self._reader.params(spec, entry["config"], notes)
        return Translated("", name, Layer(class_name=spec.name, name=name, params=params), spec, notes)

    def _model(self, entry: Mapping[str, Any], name: str) -> Translated:
        params, inputs = self._instance(entry, name)
        spec = self._catalog.objects[Kind.LAYER].get("Model")
        layer = Layer(class_name="Model", name=name, params=params)
        notes = (
            [] if entry["class_name"] in NESTED else [f"{entry['class_name'][:100]} became the layers that it is of"]
        )
        return Translated("", name, layer, spec, notes, inputs=inputs)

    def _instance(self, entry: Mapping[str, Any], name: str) -> tuple[dict[str, JsonValue], list[str]]:
        """Draw a nested model; return the parameters of its layer and the keys of its inputs."""
        if entry["config"].get("trainable") is False:
            graph, inputs = self._nested_graph(thawed(entry), name)
            return {"graph": graph, "trainable": False}, inputs
        graph, inputs = self._nested_graph(entry, name)
        return {"graph": graph}, inputs

    def _nested_graph(self, entry: Mapping[str, Any], name: str) -> tuple[str, list[str]]:
        if len(self.graphs) >= MAX_GRAPHS:
            raise TooLarge("This model holds too many models.", expected=f"at most {MAX_GRAPHS}")
        graph = self.identifier(f"graph_{name}")
        kind: ModelClass = "Sequential" if entry["class_name"] == "Sequential" else "Functional"
        self.graphs[graph] = Graph(name=name, model_class=kind)
        inputs, _ = self._graph(entry, graph, f"{self._path}{name}/")
        return graph, inputs

    def _inner_layer(self, value: Any) -> JsonValue | None:
        """Translate a layer inside another where it is a nested model, or an instance that is used elsewhere too."""
        if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
            return None
        key = self._shared_key(value)
        if key is not None:
            name = value.get("name") or value["config"].get("name") or value.get("class_name")
            return {"layer": self._translate(value, name_of({**value, "name": name}), {}).id}
        if is_nested(value):
            name = name_of(value)
            return {"class_name": "Model", "config": {**self._instance(value, name)[0], "name": name}}
        return None

    def _shared_key(self, entry: Mapping[str, Any]) -> int | None:
        key = entry.get("shared_object_id")
        if isinstance(key, int) and self._held[key] > 1 and entry.get("class_name") != "InputLayer":
            return key
        return None

    # Wires

    def _wire(self, scope: _Scope, each: Translated, number: int, call: Any) -> None:
        node = scope.calls[each.layer.name, number]
        if each.bound:
            for port, history in each.bound[number]:
                self._join(scope, history, node, port)
            return
        args, kwargs = arguments_of(call)
        if each.marker == "model":
            self._wire_model(scope, each, node, args)
            args = []
        named: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
        for place, value in named:
            all_of_it = list(tensors(value))
            histories = [history for history in all_of_it if history[0] not in scope.masks]
            if histories:
                for target, history in zip(target_ports(each, place, len(histories)), histories, strict=False):
                    self._join(scope, history, node, target)
            elif place == "training" and "line" not in call and is_filled_in(each.layer.class_name, kwargs):
                continue
            elif place in CALL_ARGUMENTS and isinstance(value, bool):
                self.nodes[node].setdefault("arguments", {})[place] = value
            elif not all_of_it and not says_nothing(value):
                each.notes.append(f"the argument {str(place)[:60]} was left out")

    def _wire_model(self, scope: _Scope, each: Translated, node: str, args: list[Any]) -> None:
        given = args[0] if len(args) == 1 else args
        if isinstance(given, dict) and set(given) <= set(each.inputs):
            for key, value in given.items():
                for history in tensors(value):
                    self._join(scope, history, node, f"inputs.{each.inputs.index(key)}")
            return
        for index, history in enumerate(tensors(args)):
            self._join(scope, history, node, f"inputs.{index}")

    def _join(self, scope: _Scope, history: History, node: str, target: str) -> None:
        source = self._node_of(scope, history)
        port = self._port_of(scope, source, history[0], history[2])
        self._connect(f"{source}:{port}->{node}:{target}")

    def _port_of(self, scope: _Scope, node: str, name: str, index: int) -> str:
        return scope.translated[name].output_port(index, self.nodes[node].get("arguments", {}))

    def _connect(self, key: str) -> None:
        self.edges[key] = Edge()
        if len(self.edges) > MAX_EDGES:
            raise TooLarge("This model has too many wires for a design.", expected=f"at most {MAX_EDGES}")

    def _node_of(self, scope: _Scope, history: History) -> str:
        found = scope.calls.get(history[:2])
        if found is None or not 0 <= history[2] < 10_000:
            raise NotAModel(
                "A layer of this model is fed by one that is not in the file.",
                expected="the name of a layer and the number of a call",
                received=repr(history)[:200],
            )
        return found


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _too_many(size: int) -> TooLarge:
    return TooLarge(
        "This model is too large for a design.", expected=f"at most {MAX_NODES} layers", received=f"{size} layers"
    )
