"""A plan turned into a real Keras model, the same as one written by hand."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from pydantic import JsonValue

from app.catalog.model import Catalog, Kind
from app.catalog.registry import find_spec, load_catalog
from app.catalog.validate import layer_reference
from app.graph.model import Call, GraphPlan, LayerInstance, Plan, Source
from app.graph.ports import output_keys
from app.shared.errors import Invalid
from app.worker.building.operate import call_operation
from app.worker.building.recurrent import as_cells_take_them
from app.worker.building.resolve import build_layer


class BuildFailed(Invalid):
    """Keras refused a layer or a call; `node` is the one to blame."""

    code: ClassVar[str] = "build_failed"

    def __init__(self, message: str, *, node: str, received: str) -> None:
        super().__init__(
            message, expected="a model that Keras can build", received=received, hint="Look at the problem list."
        )
        self.node = node


def build_model(plan: Plan, catalog: Catalog | None = None) -> Any:
    """Return the `keras.Model` of `plan`: `Sequential` where it is one chain, else functional.

    Without a name in the plan it is Keras' own, `sequential` or `functional`; inputs and outputs are in the plan's
    order, a single one stands without a list. `catalog` is that of a design with code of its own. Raises `BuildFailed`
    where Keras refuses, which a design without errors does not do.
    """
    name = plan.model_name or ("sequential" if plan.sequential else "functional")
    parts = Parts(plan.layers, {**plan.graphs, "": plan}, catalog or load_catalog())
    return Instance(parts, plan, ChainMap()).model(name)


def nodes_by_layer_name(plan: Plan) -> dict[str, str]:
    """Return, for each Keras layer name of the model, the node of its first call; a nested model is one layer."""
    nodes = {plan.layers[planned.layer].name: planned.node for planned in plan.inputs}
    for call in plan.calls:
        nodes.setdefault(plan.layers[call.layer].name, call.node)
    return nodes


@dataclass(frozen=True)
class Parts:
    """What models are built from: layers and graphs by id; "" is the design itself."""

    layers: Mapping[str, LayerInstance]
    graphs: Mapping[str, GraphPlan]
    catalog: Catalog


class Instance:
    """One instance of a graph: the layers that it owns, beside those of the instances `around` it."""

    def __init__(self, parts: Parts, graph: GraphPlan, around: ChainMap[str, Any]) -> None:
        self._parts = parts
        self._graph = graph
        self.layers = around.new_child()
        for layer_id in graph.owns:
            self.layers[layer_id] = self._construct(parts.layers[layer_id])

    def model(self, name: str) -> Any:
        """Return the Keras model of this instance; it has one."""
        graph = self._graph
        if graph.sequential:
            chain = [self.layers[graph.inputs[0].layer], *(self.layers[call.layer] for call in graph.calls)]
            return self._guarded(graph.calls[-1].node, name, lambda: keras.Sequential(chain, name=name))
        tensors: dict[Source, Any] = {}
        for planned in graph.inputs:
            tensors[Source(node=planned.node, port="output")] = self.layers[planned.layer].output
        for call in graph.calls:
            self._call(call, tensors)
        inputs = [tensors[Source(node=planned.node, port="output")] for planned in graph.inputs]
        results = [tensors[planned.source] for planned in graph.outputs]
        node = graph.outputs[0].node if graph.outputs else ""
        return self._guarded(node, name, lambda: keras.Model(_one_or_list(inputs), _one_or_list(results), name=name))

    def _call(self, call: Call, tensors: dict[Source, Any]) -> None:
        arguments = {
            name: tensors[source] if isinstance(source, Source) else [tensors[one] for one in source]
            for name, source in call.arguments.items()
        }
        instance = self._parts.layers[call.layer]
        outputs = self._guarded(
            call.node,
            instance.name,
            lambda: call_layer(instance, self.layers[call.layer], arguments, call.constants, self._parts.catalog),
        )
        flat = keras.tree.flatten(outputs)
        for port, tensor in zip(self._output_keys(call, len(flat)), flat, strict=False):
            tensors[Source(node=call.node, port=port)] = tensor

    def _output_keys(self, call: Call, count: int) -> list[str]:
        spec = find_spec(Kind.LAYER, self._parts.layers[call.layer].class_name, self._parts.catalog)
        if spec is None or spec.marker == "model":
            return list(call.outputs)
        ports = {port.name: port for port in spec.outputs}
        return output_keys([ports[name] for name in call.outputs if name in ports], count)

    def _construct(self, instance: LayerInstance) -> Any:
        if instance.class_name == "Model":
            return self._nested(instance.params, instance.name)
        return self._guarded(
            self._caller_of(instance.id),
            instance.name,
            lambda: build_layer(instance.class_name, instance.params, instance.name, self._parts.catalog, self.inner),
        )

    def inner(self, value: Mapping[str, Any]) -> Any:
        """Return the layer inside another one: one of this design, or an instance of a nested model."""
        reference = layer_reference(dict(value))
        if reference is not None:
            return self.layers[reference]
        config = value.get("config") or {}
        return self._nested(config, config.get("name"))

    def _nested(self, params: Mapping[str, Any], name: str | None) -> Any:
        graph = self._parts.graphs[params["graph"]]
        model = Instance(self._parts, graph, self.layers).model(name or params["graph"])
        if params.get("trainable") is False:
            model.trainable = False
        return model

    def _caller_of(self, layer_id: str) -> str:
        for graph in [self._graph, *self._parts.graphs.values()]:
            users = [(planned.layer, planned.node) for planned in graph.inputs]
            users += [(call.layer, call.node) for call in graph.calls]
            for layer, node in users:
                if layer == layer_id:
                    return node
        return ""

    def _guarded(self, node: str, name: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Invalid:
            raise
        except Exception as error:
            raise BuildFailed(f"Keras cannot build {name}.", node=node, received=str(error)[:2_000]) from error


def call_layer(
    instance: LayerInstance,
    layer: Any,
    arguments: Mapping[str, Any],
    constants: Mapping[str, JsonValue],
    catalog: Catalog,
) -> Any:
    """Call a Keras layer as a person writes it: the first argument by position, the others by name.

    An operation takes the values that `instance` sets for the arguments at which no wire ends.
    """
    if instance.class_name.startswith("ops."):
        spec = find_spec(Kind.LAYER, instance.class_name, catalog)
        assert spec is not None
        return call_operation(layer, spec, instance.params, arguments)
    if "initial_state" in arguments:
        arguments = {**arguments, "initial_state": as_cells_take_them(layer, arguments["initial_state"])}
    names = list(arguments)
    rest = {name: arguments[name] for name in names[1:]}
    return layer(*(arguments[name] for name in names[:1]), **rest, **constants)


def _one_or_list(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
