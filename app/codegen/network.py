"""A plan as functions of Keras that a person would write: one that builds the model, one for each nested graph.

Layers are made where the innermost graph around all their calls is built, and handed to the graphs inside.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.catalog.indexing import key_text, parse_key
from app.catalog.model import Catalog, Kind, ObjectSpec
from app.catalog.own import CELLS
from app.codegen.comments import comment
from app.codegen.literals import WIDTH, Literals, Place, array, call, listed, literal
from app.codegen.names import Names, plain_name, snake_case
from app.document.model import GraphDocument
from app.graph.check import CALL_ARGUMENTS
from app.graph.model import Call, GraphPlan, LayerInstance, Plan, Source
from app.graph.references import graphs_named, layers_named
from app.shared.errors import Invalid

TOP = ""
"""The graph of the design itself."""

_BY_POSITION = frozenset({"x1", "x2"})
"""Tensors of an operation that read best without their names."""


@dataclass(frozen=True)
class Statement:
    """One statement, as it stands in the source, and the node that it is of."""

    text: str
    node: str = ""


@dataclass(frozen=True)
class Network:
    """The functions that build a plan, those first that others call.

    `used` are the classes that the script must hold or import, by name.
    """

    functions: tuple[tuple[Statement, ...], ...]
    used: Mapping[str, ObjectSpec]


def render_network(plan: Plan, document: GraphDocument, catalog: Catalog, own: Collection[str]) -> Network:
    """Return the source of `plan`; raise `Invalid` for a layer outside the catalog.

    `own` are the names that the design's own code defines.
    """
    script = _Script(plan, document, catalog, own)
    functions = [tuple(_Function(script, graph, script.plans[graph]).statements()) for graph in script.plans]
    return Network(tuple(functions), script.used)


class _Script:
    """What the functions of a script share: which graph makes which layer, and what functions and layers are called."""

    def __init__(self, plan: Plan, document: GraphDocument, catalog: Catalog, own: Collection[str]) -> None:
        self.plan, self.document, self.catalog, self.own = plan, document, catalog, own
        self.used: dict[str, ObjectSpec] = {}
        self.plans: dict[str, GraphPlan] = {**plan.graphs, TOP: plan}
        self.names = Names(own)
        self.builders = {graph: self._builder(graph) for graph in self.plans}
        handed = sorted({layer for graph in self.plans.values() for layer in graph.takes})
        self.handed = {layer: self.names.claim(*self.layer_name(layer)) for layer in handed}

    def _builder(self, graph: str) -> str:
        if graph == TOP:
            return "build_model"
        plain = plain_name(self.document.graphs[graph].name) if graph in self.document.graphs else ""
        return self.names.claim(f"build_{plain}" if plain else "", "build_part")

    def layer_name(self, layer: str) -> tuple[str, str]:
        """Return what the variable of a layer is called at best, and what else, to be numbered."""
        instance = self.plan.layers[layer]
        return plain_name(instance.name), f"shared_{snake_case(self.spec(instance).name.rpartition('.')[2])}"

    def spec(self, instance: LayerInstance) -> ObjectSpec:
        spec = self.catalog.find(Kind.LAYER, instance.class_name)
        if spec is None or spec.marker == "output":
            raise Invalid("The catalog has no layer of this class.", received=literal(instance.class_name))
        return spec


@dataclass
class _Function:
    """Writes the function that builds one graph."""

    script: _Script
    graph: str
    plan: GraphPlan
    names: Names = field(init=False)
    tensors: dict[Source, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        script = self.script
        self.names = Names({*script.own, *script.builders.values(), *script.handed.values()})
        self.literals = Literals(script.catalog, self, script.used)
        self.variables = {layer: script.handed[layer] for layer in self.plan.takes}
        self._counts: dict[str, int] = {}
        for step in self.plan.calls:
            self._counts[step.layer] = self._counts.get(step.layer, 0) + 1
        used = [step.layer for step in self.plan.calls] + list(self.plan.owns)
        held = [layer for found in used for layer in layers_named(script.plan.layers[found].params)]
        self._kept = {layer for layer, count in self._counts.items() if count > 1} | set(held) | script.handed.keys()
        self._kept |= {step.layer for step in self.plan.calls if self._has_nested_states(step)}
        self._numbers: dict[str, int] = {}

    def statements(self) -> Iterator[Statement]:
        yield from self._head()
        yield from self._sequential() if self.plan.sequential else self._functional()

    def _head(self) -> Iterator[Statement]:
        if self.graph == TOP:
            yield Statement("def build_model():")
            yield Statement('    """Build the model; nothing is trained yet."""')
            return
        handed = [self.script.handed[layer] for layer in self.plan.takes]
        parameters = [*handed, "name", *(["trainable=True"] if self._is_frozen_somewhere else [])]
        yield Statement(f"def {call(self.script.builders[self.graph], parameters, 0, 5)}:")
        yield Statement('    """Build a part of the model."""')

    @property
    def _is_frozen_somewhere(self) -> bool:
        return any(
            layer.params.get("graph") == self.graph and layer.params.get("trainable") is False
            for layer in self.script.plan.layers.values()
        )

    # The two ways to build a graph

    def _sequential(self) -> Iterator[Statement]:
        for step in self.plan.calls:
            if step.layer in self._kept and step.layer not in self.variables:
                yield from self._made(step.layer)
            else:
                yield from self._held(step.layer)
        start = "return" if not self._is_frozen_somewhere else "model ="
        yield Statement(f"    {start} keras.Sequential(")
        yield Statement("        [")
        first = self.plan.inputs[0]
        yield self._noted(f"            {self._input(first.layer, 12, 1)},", first.node, 12)
        for step in self.plan.calls:
            source = self.variables.get(step.layer) or self._construct(step.layer, 12, 1)
            yield self._noted(f"            {source},", step.node, 12)
        yield Statement("        ],")
        if name := self._name():
            yield Statement(f"        {name},")
        yield Statement("    )")
        yield from self._frozen()

    def _functional(self) -> Iterator[Statement]:
        for planned in self.plan.inputs:
            name = self.names.claim(plain_name(self._instance(planned.layer).name), "input")
            self.tensors[Source(node=planned.node, port="output")] = name
            source = self._input(planned.layer, 4, len(name) + 3)
            yield self._noted(f"    {name} = {source}", planned.node, 4)
        for step in self.plan.calls:
            yield from self._called(step)
        inputs = [self.tensors[Source(node=planned.node, port="output")] for planned in self.plan.inputs]
        outputs = [self._tensor(planned.source) for planned in self.plan.outputs]
        arguments = [f"inputs={_one_or_list(inputs, 8, 7)}", f"outputs={_one_or_list(outputs, 8, 8)}"]
        arguments += [name] if (name := self._name()) else []
        notes = "".join(comment(self._note(planned.node), 4) for planned in self.plan.outputs)
        start = "return" if not self._is_frozen_somewhere else "model ="
        yield Statement(f"{notes}    {start} {call('keras.Model', arguments, 4, len(start) + 1)}")
        yield from self._frozen()

    def _name(self) -> str:
        if self.graph != TOP:
            return "name=name"
        return f"name={literal(self.plan.model_name)}" if self.plan.model_name else ""

    def _frozen(self) -> Iterator[Statement]:
        if self._is_frozen_somewhere:
            yield Statement("    if not trainable:\n        model.trainable = False")
            yield Statement("    return model")

    # Calls

    def _called(self, step: Call) -> Iterator[Statement]:
        if step.layer in self._kept and step.layer not in self.variables:
            yield from self._made(step.layer)
        else:
            yield from self._held(step.layer)
        targets = self._targets(step)
        spec = self._spec(step.layer)
        source = (
            self._operation(step, spec, len(targets) + 3)
            if spec.kind is Kind.OPERATION
            else self._layer_call(step, spec, len(targets) + 3)
        )
        yield self._noted(f"    {targets} = {source}", step.node, 4)

    def _made(self, layer: str) -> Iterator[Statement]:
        """Construct a layer that more than one statement needs."""
        yield from self._held(layer)
        name = self.variables[layer] = self.script.handed.get(layer) or self.names.claim(*self.script.layer_name(layer))
        yield Statement(f"    {name} = {self._construct(layer, 4, len(name) + 3)}")

    def _held(self, layer: str) -> Iterator[Statement]:
        """Construct the layers that a layer holds by reference, or that its graph is handed."""
        params = self._instance(layer).params
        needed = list(layers_named(params))
        needed += [taken for graph in graphs_named(params) for taken in self.script.plan.graphs[graph].takes]
        for other in needed:
            if other not in self.variables and other in self.script.plan.layers:
                yield from self._made(other)

    def _layer_call(self, step: Call, spec: ObjectSpec, margin: int) -> str:
        """Return a layer called on its arguments; what is too long is broken where it reads best."""
        nested = self._gives_nested(step, spec)
        margin += len("keras.tree.flatten(") + 1 if nested else 0
        arguments = self._arguments(step, Place(4, 0, 0))
        called = f"({', '.join(arguments)})"
        made = self.variables.get(step.layer) or self._construct(step.layer, 4, margin + len(called))
        if made.count("\n") == 2:  # Only the name is set: it is the call that is long.
            made = self._construct(step.layer, 4, margin)
        taken = len(made.rpartition("\n")[2]) + (0 if "\n" in made else 4 + margin)
        if taken + len(called) > WIDTH:
            called = call("", self._arguments(step, Place(8, 1, 0)), 4, WIDTH)
        return f"keras.tree.flatten({made}{called})" if nested else made + called

    def _arguments(self, step: Call, place: Place) -> list[str]:
        """Return the arguments of a call, the first one by position; they stand at `place`."""
        found = []
        for index, (name, value) in enumerate(step.arguments.items()):
            prefix = "" if index == 0 else f"{name}="
            at = place._replace(margin=place.margin + len(prefix))
            nested = name == "initial_state" and self._is_over_stack(step.layer)
            found.append(prefix + (self._packed(step.layer, value, at) if nested else self._argument(value, at)))
        return found + self._constants(step)

    # States of a stack of cells: Keras has them in lists, one for each cell

    def _gives_nested(self, step: Call, spec: ObjectSpec) -> bool:
        """Say whether what a call returns has lists in it: the states of a cell, or those of a stack of cells."""
        is_cell = spec.category == CELLS or spec.name.endswith(("Cell", "Cells"))
        return is_cell or ("states" in step.outputs and self._is_over_stack(step.layer))

    def _has_nested_states(self, step: Call) -> bool:
        return ("initial_state" in step.arguments or "states" in step.outputs) and self._is_over_stack(step.layer)

    def _is_over_stack(self, layer: str) -> bool:
        class_name, params = self._described({"layer": layer})
        if class_name == "Bidirectional":
            class_name, params = self._described(params.get("layer"))
        return class_name == "RNN" and self._described(params.get("cell"))[0] == "StackedRNNCells"

    def _described(self, value: Any) -> tuple[str, Mapping[str, Any]]:
        """Return class and parameters of a layer that another one holds, by value or by reference."""
        if not isinstance(value, Mapping):
            return str(value), {}
        if isinstance(value.get("layer"), str):
            instance = self._instance(value["layer"])
            return instance.class_name, instance.params
        return str(value.get("class_name")), value.get("config") or {}

    def _packed(self, layer: str, states: Source | tuple[Source, ...], place: Place) -> str:
        """Return initial states in the lists of a stack of cells, or of the two stacks of both directions."""
        inner = Place(place.indent + 4, 1, 0) if place.margin else place
        name, size = self.variables[layer], "cell.state_size"
        sizes = f"{name}.{size}"
        if self._instance(layer).class_name == "Bidirectional":
            both = [f"*{name}.forward_layer.{size}", f"*{name}.backward_layer.{size}"]
            sizes = listed(both, inner) if place.margin else f"[{', '.join(both)}]"
        parts = [sizes, self._argument(states, inner)]
        function = "keras.tree.pack_sequence_as"
        return call(function, parts, place.indent, place.margin) if place.margin else f"{function}({', '.join(parts)})"

    def _constants(self, step: Call) -> list[str]:
        unknown = [name for name in step.constants if name not in CALL_ARGUMENTS]
        if unknown:
            raise Invalid("A layer is called with an argument that is not known.", received=literal(unknown[0]))
        return [f"{name}={literal(value)}" for name, value in step.constants.items()]

    def _operation(self, step: Call, spec: ObjectSpec, margin: int) -> str:
        params = {key: value for key, value in self._instance(step.layer).params.items() if key not in step.arguments}
        if spec.name == "ops.getitem":
            (value,) = step.arguments.values()
            key = parse_key(str(params.get("key", "")))
            return f"{self._argument(value, Place(4, 0, 0))}[{key_text(key)}{',' if _is_lone_part(key) else ''}]"
        spread = [port for port in step.arguments if spec.operation and f"*{port}" in spec.operation.call]
        if spread:
            return self._spread(step, spec, params, spread[0], margin)
        arguments = []
        by_position = True
        for index, port in enumerate(dict.fromkeys(port.argument for port in spec.inputs)):
            by_position = by_position and port in step.arguments and (index == 0 or port in _BY_POSITION)
            if port in step.arguments:
                prefix = "" if by_position else f"{port}="
                arguments.append(prefix + self._argument(step.arguments[port], Place(8, len(prefix) + 1, 0)))
            elif isinstance(params.get(port), list):
                arguments.append(f"{port}={array(params.pop(port))}")
        arguments += self.literals.arguments(spec, params, 4, by_name=True)
        return call(self.literals.reference(spec), arguments, 4, margin)

    def _spread(self, step: Call, spec: ObjectSpec, params: dict[str, Any], port: str, margin: int) -> str:
        """Return the call of an operation that takes its tensors one by one: `ops.einsum("ij,jk->ik", x, y)`."""
        value = step.arguments[port]
        tensors = [self._tensor(source) for source in ([value] if isinstance(value, Source) else value)]
        first = [param.name for param in spec.params if param.required and param.name in params]
        arguments = [literal(params.pop(name)) for name in first]
        arguments += [*tensors, *self.literals.arguments(spec, params, 4, by_name=True)]
        return call(self.literals.reference(spec), arguments, 4, margin)

    def _argument(self, value: Source | tuple[Source, ...], place: Place) -> str:
        if isinstance(value, Source):
            return self._tensor(value)
        names = list(map(self._tensor, value))
        return listed(names, place) if place.margin else f"[{', '.join(names)}]"

    # Names

    def _targets(self, step: Call) -> str:
        """Claim names for what a call returns, and return them as the left side of its statement."""
        spec = self._spec(step.layer)
        plain = plain_name(self._instance(step.layer).name)
        if self._counts[step.layer] > 1 and plain:
            self._numbers[step.layer] = self._numbers.get(step.layer, 0) + 1
            plain = plain_name(f"{plain}_{self._numbers[step.layer]}")
        base = self.names.claim(plain, snake_case(spec.name.rpartition(".")[2]))
        many = {port.name for port in spec.outputs if port.variadic}
        if len(step.outputs) < 2 or spec.marker == "model":
            ports = step.outputs if len(step.outputs) < 2 else ("outputs",)
            self.tensors |= {Source(node=step.node, port=port): base for port in ports}
            return base
        targets = []
        for port in step.outputs:
            name = base if port == "output" else self.names.claim(f"{base}_{port}", f"{base}_{port}")
            self.tensors[Source(node=step.node, port=port)] = name
            targets.append(f"*{name}" if port in many else name)
        return ", ".join(targets)

    def _tensor(self, source: Source) -> str:
        if source in self.tensors:
            return self.tensors[source]
        port, _, number = source.port.partition(".")
        return f"{self.tensors[Source(node=source.node, port=port)]}[{int(number)}]"

    # Layers

    def layer(self, layer: str) -> str:
        """Return the variable of a layer that another one holds."""
        if layer not in self.variables:
            raise Invalid("A layer holds another one that is not in the plan.", received=literal(layer))
        return self.variables[layer]

    def model(self, config: Mapping[str, Any], indent: int, margin: int) -> str:
        """Return the call that builds a nested model from its configuration."""
        graph = config.get("graph")
        if not isinstance(graph, str) or graph not in self.script.plan.graphs:
            raise Invalid("A nested model names a graph that is not in the plan.", received=literal(graph))
        arguments = [self.variables[layer] for layer in self.script.plan.graphs[graph].takes]
        arguments.append(f"name={literal(config.get('name') or graph)}")
        arguments += ["trainable=False"] if config.get("trainable") is False else []
        return call(self.script.builders[graph], arguments, indent, margin)

    def _construct(self, layer: str, indent: int, margin: int) -> str:
        instance, spec = self._instance(layer), self._spec(layer)
        if spec.marker == "model":
            return self.model({**instance.params, "name": instance.name}, indent, margin)
        return self.literals.construct(spec, instance.params, instance.name, indent, margin)

    def _input(self, layer: str, indent: int, margin: int) -> str:
        instance = self._instance(layer)
        arguments = self.literals.arguments(self._spec(layer), instance.params, indent, instance.name)
        return call("keras.Input", arguments, indent, margin)

    def _instance(self, layer: str) -> LayerInstance:
        return self.script.plan.layers[layer]

    def _spec(self, layer: str) -> ObjectSpec:
        return self.script.spec(self._instance(layer))

    def _noted(self, source: str, node: str, indent: int) -> Statement:
        return Statement(comment(self._note(node), indent) + source, node)

    def _note(self, node: str) -> str:
        found = self.script.document.nodes.get(node)
        return found.note if found is not None else ""


def _is_lone_part(key: object) -> bool:
    """Say whether a key is a tuple of one slice, which Keras wants with its comma."""
    return isinstance(key, tuple) and len(key) == 1 and not isinstance(key[0], int)


def _one_or_list(names: list[str], indent: int, margin: int) -> str:
    if len(names) == 1:
        return names[0]
    return listed(names, Place(indent, margin, 0))
