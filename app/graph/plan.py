"""A design resolved into what to build, in which order."""

from collections.abc import Iterable

from app.catalog.model import Catalog
from app.document.model import GraphDocument, Layer
from app.graph.calls import call_of, is_chain, source_of
from app.graph.check import survey
from app.graph.model import GraphPlan, LayerInstance, Plan, PlannedInput, PlannedOutput
from app.graph.nesting import Ends
from app.graph.ownership import Ownership, read_ownership
from app.graph.survey import Survey

_ENDS = frozenset({"InputLayer", "Output"})
"""What has a `position` among the ends of its graph, which is no parameter of Keras."""


def make_plan(document: GraphDocument, catalog: Catalog) -> Plan:
    """Return the plan of what leads to an Output; never raises on a document that `check` finds without errors."""
    return plan_of(survey(document, catalog))


def plan_of(found: Survey) -> Plan:
    """Return the plan of a survey that was made already."""
    ownership = read_ownership(found, found.building)
    graphs = [graph for graph in found.building.order if graph in ownership.owns]
    plans = {graph: graph_plan(found, graph, ownership) for graph in graphs}
    return Plan(
        name=found.document.meta.name,
        catalog=found.document.catalog,
        layers=layer_instances(found, (layer for owned in ownership.owns.values() for layer in owned)),
        graphs={graph: plans[graph] for graph in graphs if graph},
        **dict(plans[""]),
    )


def layer_instances(found: Survey, layers: Iterable[str]) -> dict[str, LayerInstance]:
    """Return what is constructed for each of `layers`, by id."""
    return {layer_id: instance_of(layer_id, found.document.layers[layer_id]) for layer_id in sorted(layers)}


def instance_of(layer_id: str, layer: Layer) -> LayerInstance:
    """Return what Keras constructs for a layer."""
    left_out = {"name", "position"} if layer.class_name in _ENDS else {"name"}
    params = {name: value for name, value in layer.params.items() if name not in left_out}
    return LayerInstance(id=layer_id, class_name=layer.class_name, name=layer.name, params=params)


def graph_plan(found: Survey, graph: str, ownership: Ownership) -> GraphPlan:
    """Return what is built of one graph."""
    live = found.live(graph)
    order = [node for node in found.nodes.get(graph, ()) if node in live and found.spec_of(node)]
    ends = found.ends.get(graph, Ends())
    model_class = found.document.graphs[graph].model_class if graph else found.document.meta.model_class
    return GraphPlan(
        inputs=tuple(
            PlannedInput(node=node, layer=found.document.nodes[node].layer) for node in ends.inputs if node in live
        ),
        calls=tuple(call_of(found, node) for node in order if found.marker_of(node) not in {"input", "output"}),
        outputs=tuple(
            PlannedOutput(node=node, name=found.name_of(node), source=source_of(found, node))
            for node in ends.outputs
            if node in live
        ),
        sequential=model_class != "Functional" and is_chain(found, graph),
        model_name="" if graph else found.document.meta.model_name,
        owns=ownership.owns[graph],
        takes=tuple(sorted(ownership.takes[graph])),
    )
