"""What is wrong with whole graphs: missing ends, nested models that hold themselves, too many of them."""

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from app.graph import fixes
from app.graph.calls import is_chain
from app.graph.model import Fix, Problem
from app.graph.nesting import MAX_CALLS, MAX_NESTING, Ends, reach
from app.graph.ports import find_port, first_key
from app.graph.survey import Survey

_DEFAULT_SHAPE: Final[JsonValue] = [8]


def end_problems(found: Survey) -> Iterator[Problem]:
    """Yield the ends that the design, and each nested model that it uses, lacks."""
    ends = found.ends.get("", Ends())
    if not ends.inputs:
        yield Problem(
            code="missing_input",
            message="The design has no Input.",
            expected="an Input that says the shape of one sample",
            received="none",
            hint="Insert an Input and set its shape.",
            fix=_insert_input(found, ""),
        )
    if not ends.outputs:
        yield Problem(
            code="missing_output",
            message="The design has no Output.",
            expected="an Output behind the last layer",
            received="none",
            hint="Insert an Output; what feeds it is what the model predicts.",
            fix=fixes.insert_output(found.document, _last_loose_output(found, "")),
        )


def nesting_problems(found: Survey) -> Iterator[Problem]:
    """Yield what keeps a node from calling the nested models that its layer holds."""
    if not found.document.graphs and not any(held.graphs for held in found.held.values()):
        return
    reached = {graph: reach(graph, found.nesting.holds) for graph in found.nesting.recursive}
    for layer_id, held in found.held.items():
        for node in found.callers_of(layer_id) if held.graphs else ():
            for graph in held.graphs:
                yield from _graph_problems(found, node, graph, reached)
    yield from _size_problems(found)
    for graph in sorted(found.document.graphs.keys() - found.nesting.used):
        yield Problem(
            code="unused_graph",
            severity="info",
            message=f"No layer is built from the nested model {found.document.graphs[graph].name}.",
            hint="Add a Model layer that names it, or remove it.",
        )
    for node in sorted(found.document.nodes):
        if found.graph_of(node) and found.graph_of(node) not in found.document.graphs:
            yield Problem(
                code="unknown_graph",
                severity="warning",
                node=node,
                message=f"{found.name_of(node)} is drawn in a nested model that is not there.",
                hint="Remove it.",
                fix=found.removal_of(node),
            )


def _graph_problems(found: Survey, node: str, graph: str, reached: dict[str, set[str]]) -> Iterator[Problem]:
    name = found.name_of(node)
    place = found.graph_of(node)
    if graph not in found.document.graphs:
        yield Problem(
            code="unknown_graph",
            node=node,
            param="graph",
            message=f"{name} is built from a nested model that is not there.",
            expected=", ".join(sorted(found.document.graphs)[:20]) or "a nested model of this design",
            received=graph,
            hint="Choose another one, or remove the layer.",
            fix=found.removal_of(node),
        )
        return
    inner = found.document.graphs[graph].name
    if place == graph or place in reached.get(graph, ()):
        yield Problem(
            code="recursive_graph",
            node=node,
            param="graph",
            message=f"{name} puts the nested model {inner} into itself.",
            expected="a nested model that does not hold this one",
            received=inner,
            hint="Remove this layer, or build it from another nested model.",
            fix=found.removal_of(node),
        )
        return
    ends = found.ends.get(graph, Ends())
    if not ends.inputs:
        yield Problem(
            code="graph_without_input",
            node=node,
            param="graph",
            message=f"The nested model {inner} has no Input.",
            expected="an Input inside it for each tensor that it takes",
            received="none",
            hint="Open it, and insert an Input.",
            fix=_insert_input(found, graph),
        )
    if not ends.outputs:
        yield Problem(
            code="graph_without_output",
            node=node,
            param="graph",
            message=f"The nested model {inner} has no Output.",
            expected="an Output inside it for each tensor that it gives",
            received="none",
            hint="Open it, and insert an Output.",
            fix=fixes.insert_output(found.document, _last_loose_output(found, graph), graph),
        )


def _size_problems(found: Survey) -> Iterator[Problem]:
    if found.nesting.recursive & found.nesting.used:
        return
    if found.nesting.depth > MAX_NESTING:
        yield Problem(
            code="nested_too_deeply",
            message="Models stand in models too deeply for Keras.",
            expected=f"at most {MAX_NESTING} levels",
            received=f"{found.nesting.depth} levels",
            hint="Unpack some of the nested models.",
        )
    calls: dict[str, int] = {}
    for graph in found.nesting.order:
        calls[graph] = sum(
            1 + sum(calls.get(inner, 0) for inner in found.reached_graphs(found.document.nodes[node].layer))
            for node in found.nodes.get(graph, ())
        )
    if calls[""] > MAX_CALLS:
        yield Problem(
            code="too_many_calls",
            message="With all its nested models, this design is too large to be built.",
            expected=f"at most {MAX_CALLS:,} calls of layers",
            received=f"{calls['']:,}",
            hint="Use fewer copies of nested models inside nested models.",
        )


def chain_problems(found: Survey) -> Iterator[Problem]:
    """Yield the graphs that are to be `Sequential`, and are no chain."""
    meta = found.document.meta
    asked = [("", meta.model_class, meta.name, ["meta", "model_class"])]
    for key, nested in found.document.graphs.items():
        asked.append((key, nested.model_class, nested.name, ["graphs", key, "model_class"]))
    for graph, model_class, name, path in asked:
        if model_class == "Sequential" and graph in found.building.used and not is_chain(found, graph):
            yield Problem(
                code="not_a_chain",
                severity="warning",
                message=f"{name} is no single chain of layers, and is built as a functional model.",
                expected="one Input, one Output, and layers with one input and one output between them",
                hint="Let Layerloom choose how it is built.",
                fix=fixes.set_value(path, "auto", "Choose automatically"),
            )


def _insert_input(found: Survey, graph: str) -> Fix:
    target, shape = _first_open_port(found, graph)
    return fixes.insert_input(found.document, target, shape, graph=graph)


def _first_open_port(found: Survey, graph: str) -> tuple[tuple[str, str] | None, JsonValue]:
    """Return the topmost required port of a graph that nothing feeds, and a shape that its layer takes."""
    document = found.document
    for node in sorted(found.nodes.get(graph, ()), key=lambda node: (document.nodes[node].y, node)):
        layer_id = document.nodes[node].layer
        fed = [wire.target_port for wire in found.topology.incoming[node]]
        for port in found.inputs_of(node):
            if not port.optional and not any(find_port([port], key) for key in fed):
                key = first_key(port)
                sample = found.specs[layer_id].sample_inputs.get(key)
                return (node, key), sample if isinstance(sample, list) else _DEFAULT_SHAPE
    return None, _DEFAULT_SHAPE


def _last_loose_output(found: Survey, graph: str) -> tuple[str, str] | None:
    """Return the last connected node of a graph whose output goes nowhere, else the last node, with its output port."""
    topology = found.topology
    loose = [node for node in found.loose_in(graph) if node not in topology.tangled]
    if not loose:
        return None
    place = found.document.nodes
    last = max(loose, key=lambda node: (bool(topology.incoming[node]), place[node].y, node))
    return last, first_key(found.outputs_of(last)[0])
