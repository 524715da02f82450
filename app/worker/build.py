"""A plan turned into a real Keras model, the same as one written by hand."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from pydantic import JsonValue

from app.catalog.model import Kind
from app.catalog.registry import get_spec
from app.graph.model import Call, Plan, Source
from app.graph.ports import output_keys
from app.shared.errors import Invalid
from app.worker.resolve import build_layer


class BuildFailed(Invalid):
    """Keras refused a layer or a call; `node` is the one to blame."""

    code: ClassVar[str] = "build_failed"

    def __init__(self, message: str, *, node: str, received: str) -> None:
        super().__init__(
            message, expected="a model that Keras can build", received=received, hint="Look at the problem list."
        )
        self.node = node


def build_model(plan: Plan) -> Any:
    """Return the `keras.Model` of `plan`: `Sequential` where it is one chain, else functional.

    Its name is Keras' own, `sequential` or `functional`; inputs and outputs are in the plan's order, a single one
    stands without a list. Raises `BuildFailed` where Keras refuses, which a design without errors does not do.
    """
    layers = {instance.id: _construct(plan, instance.id) for instance in plan.layers.values()}
    if plan.sequential:
        chain = [layers[plan.inputs[0].layer], *(layers[call.layer] for call in plan.calls)]
        return _guarded(plan, plan.calls[-1].node, lambda: keras.Sequential(chain, name="sequential"))
    tensors: dict[Source, Any] = {}
    for planned in plan.inputs:
        tensors[Source(node=planned.node, port="output")] = layers[planned.layer].output
    for call in plan.calls:
        outputs = _guarded(plan, call.node, lambda call=call: _call(layers[call.layer], call, tensors))
        flat = keras.tree.flatten(outputs)
        for port, tensor in zip(_output_keys(plan, call, len(flat)), flat, strict=False):
            tensors[Source(node=call.node, port=port)] = tensor
    inputs = [tensors[Source(node=planned.node, port="output")] for planned in plan.inputs]
    results = [tensors[planned.source] for planned in plan.outputs]
    return keras.Model(_one_or_list(inputs), _one_or_list(results), name="functional")


def nodes_by_layer_name(plan: Plan) -> dict[str, str]:
    """Return, for each Keras layer name of the model, the node of its first call."""
    nodes = {plan.layers[planned.layer].name: planned.node for planned in plan.inputs}
    for call in plan.calls:
        nodes.setdefault(plan.layers[call.layer].name, call.node)
    return nodes


def call_layer(layer: Any, arguments: Mapping[str, Any], constants: Mapping[str, JsonValue]) -> Any:
    """Call a Keras layer as a person writes it: the first argument by position, the others by name."""
    names = list(arguments)
    rest = {name: arguments[name] for name in names[1:]}
    return layer(*(arguments[name] for name in names[:1]), **rest, **constants)


def _call(layer: Any, call: Call, tensors: Mapping[Source, Any]) -> Any:
    arguments = {
        name: tensors[source] if isinstance(source, Source) else [tensors[one] for one in source]
        for name, source in call.arguments.items()
    }
    return call_layer(layer, arguments, call.constants)


def _output_keys(plan: Plan, call: Call, count: int) -> list[str]:
    spec = get_spec(Kind.LAYER, plan.layers[call.layer].class_name)
    return output_keys([port for port in spec.outputs if port.name in call.outputs], count)


def _construct(plan: Plan, layer_id: str) -> Any:
    instance = plan.layers[layer_id]
    users = [(planned.layer, planned.node) for planned in plan.inputs]
    users += [(call.layer, call.node) for call in plan.calls]
    node = next((node for layer, node in users if layer == layer_id), "")
    return _guarded(plan, node, lambda: build_layer(instance.class_name, instance.params, instance.name))


def _guarded(plan: Plan, node: str, action: Any) -> Any:
    try:
        return action()
    except Invalid:
        raise
    except Exception as error:
        name = next((name for name, place in nodes_by_layer_name(plan).items() if place == node), node)
        message = str(error)[:2_000]
        raise BuildFailed(f"Keras cannot build {name}.", node=node, received=message) from error


def _one_or_list(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
