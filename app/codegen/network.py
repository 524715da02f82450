"""The body of `build_model`: a plan as the lines of Keras that a person would write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.codegen.literals import Literals, call, identifiers, literal
from app.graph.model import Call, LayerInstance, Plan, Source
from app.shared.errors import Invalid

CALL_ARGUMENTS = frozenset({"training", "use_causal_mask", "return_attention_scores", "reverse"})
"""Arguments of a call that are no tensors and that a design may set."""


@dataclass(frozen=True)
class Network:
    """The indented lines of the function's body."""

    lines: tuple[str, ...]


def render_network(plan: Plan, catalog: Catalog) -> Network:
    """Return the source of `plan`; raise `Invalid` for a layer outside the catalog."""
    writer = _Writer(plan, catalog)
    return Network(tuple(writer.sequential() if plan.sequential else writer.functional()))


class _Writer:
    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self._plan = plan
        self._catalog = catalog
        self._literals = Literals(catalog)
        self._names = self._variables()
        calls = [call.layer for call in plan.calls]
        self._shared = {layer for layer in calls if calls.count(layer) > 1}

    def sequential(self) -> Iterator[str]:
        yield "    return keras.Sequential("
        yield "        ["
        yield f"            {self._input(self._plan.inputs[0].layer, 12, 1)},"
        for step in self._plan.calls:
            yield f"            {self._construct(step.layer, 12, 1)},"
        yield "        ],"
        yield '        name="sequential",'
        yield "    )"

    def functional(self) -> Iterator[str]:
        for planned in self._plan.inputs:
            name = self._names[planned.node]
            yield f"    {name} = {self._input(planned.layer, 4, len(name) + 3)}"
        made: set[str] = set()
        for step in self._plan.calls:
            if step.layer in self._shared and step.layer not in made:
                made.add(step.layer)
                name = self._shared_name(step.layer)
                yield f"    {name} = {self._construct(step.layer, 4, len(name) + 3)}"
            targets = self._targets(step)
            yield f"    {targets} = {self._call(step, len(targets) + 3)}"
        inputs = [self._names[planned.node] for planned in self._plan.inputs]
        outputs = [self._tensor(planned.source) for planned in self._plan.outputs]
        arguments = [f"inputs={_one_or_list(inputs)}", f"outputs={_one_or_list(outputs)}", 'name="functional"']
        yield f"    return {call('keras.Model', arguments, 4, 7)}"

    def _variables(self) -> dict[str, str]:
        """Name the tensor of each node after its class, never after what a person wrote."""
        nodes = [planned.node for planned in self._plan.inputs] + [step.node for step in self._plan.calls]
        classes = ["Input"] * len(self._plan.inputs) + [
            self._spec(self._plan.layers[step.layer]).name for step in self._plan.calls
        ]
        return dict(zip(nodes, identifiers(map(snake_case, classes)), strict=True))

    def _shared_name(self, layer: str) -> str:
        first = next(step for step in self._plan.calls if step.layer == layer)
        return f"shared_{self._names[first.node]}"

    def _spec(self, instance: LayerInstance) -> ObjectSpec:
        spec = self._catalog.find(Kind.LAYER, instance.class_name)
        if spec is None or spec.marker == "output":
            raise Invalid("The catalog has no layer of this class.", received=literal(instance.class_name))
        return spec

    def _construct(self, layer: str, indent: int, margin: int) -> str:
        instance = self._plan.layers[layer]
        return self._literals.construct(self._spec(instance), instance.params, instance.name, indent, margin)

    def _input(self, layer: str, indent: int, margin: int) -> str:
        instance = self._plan.layers[layer]
        arguments = self._literals.arguments(self._spec(instance), instance.params, indent, instance.name)
        return call("keras.Input", arguments, indent, margin)

    def _call(self, step: Call, margin: int) -> str:
        arguments = [
            source if index == 0 else f"{name}={source}"
            for index, (name, source) in enumerate(
                (name, self._argument(value)) for name, value in step.arguments.items()
            )
        ]
        for name, value in step.constants.items():
            if name not in CALL_ARGUMENTS:
                raise Invalid("A layer is called with an argument that is not known.", received=literal(name))
            arguments.append(f"{name}={literal(value)}")
        called = f"({', '.join(arguments)})"
        if step.layer in self._shared:
            source = self._shared_name(step.layer) + called
        else:
            source = self._construct(step.layer, 4, margin + len(called)) + called
        nested = self._spec(self._plan.layers[step.layer]).name.endswith(("Cell", "Cells"))
        return f"keras.tree.flatten({source})" if nested else source

    def _argument(self, value: Source | tuple[Source, ...]) -> str:
        if isinstance(value, Source):
            return self._tensor(value)
        return f"[{', '.join(map(self._tensor, value))}]"

    def _targets(self, step: Call) -> str:
        if len(step.outputs) < 2:
            return self._names[step.node]
        spec = self._spec(self._plan.layers[step.layer])
        many = {port.name for port in spec.outputs if port.variadic}
        names = [("*" if port in many else "") + self._port(step.node, port) for port in step.outputs]
        return ", ".join(names)

    def _tensor(self, source: Source) -> str:
        port, _, number = source.port.partition(".")
        name = self._port(source.node, port)
        return f"{name}[{int(number)}]" if number else name

    def _port(self, node: str, port: str) -> str:
        return self._names[node] if port == "output" else f"{self._names[node]}_{port}"


def snake_case(name: str) -> str:
    """Return a class name as Keras would name a layer of it: `MaxPooling2D` gives `max_pooling2d`."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def _one_or_list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"
