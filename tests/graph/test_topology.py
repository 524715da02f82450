from hypothesis import given
from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.topology import Wire, downstream_of, find_cycles, read_topology, upstream_of
from tests.graph.designs import design

NODES = [f"n{index}" for index in range(8)]


@st.composite
def graphs(draw: st.DrawFn, acyclic: bool = False) -> GraphDocument:
    count = draw(st.integers(1, len(NODES)))
    numbers = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(numbers, numbers), max_size=20, unique=True))
    if acyclic:
        pairs = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    order = draw(st.permutations(NODES[:count]))
    return validate_document(
        {
            "layers": {node: {"class_name": "Add", "name": node} for node in order},
            "nodes": {node: {"layer": node} for node in order},
            "edges": {f"{order[one]}:output->{order[other]}:inputs.{one}": {} for one, other in pairs},
        }
    )


@given(graphs(acyclic=True))
def test_an_acyclic_graph_is_ordered_with_sources_first(document: GraphDocument) -> None:
    topology = read_topology(document)
    place = {node: index for index, node in enumerate(topology.order)}

    assert set(place) == set(document.nodes)
    assert not topology.tangled
    assert find_cycles(topology) == []
    assert all(place[wire.source] < place[wire.target] for wires in topology.incoming.values() for wire in wires)


@given(graphs())
def test_cutting_one_wire_of_each_cycle_again_and_again_leaves_none(document: GraphDocument) -> None:
    for _ in range(len(document.edges) + 1):
        cycles = find_cycles(read_topology(document))
        if not cycles:
            break
        for cycle in cycles:
            assert [wire.target for wire in cycle] == [wire.source for wire in [*cycle[1:], cycle[0]]]
        kept = document.edges.keys() - {cycle[0].key for cycle in cycles}
        document = document.model_copy(update={"edges": {key: document.edges[key] for key in kept}})

    assert read_topology(document).tangled == set()


@given(graphs())
def test_upstream_and_downstream_mirror_each_other(document: GraphDocument) -> None:
    topology = read_topology(document)
    for node in document.nodes:
        for other in upstream_of([node], topology.incoming):
            assert node in downstream_of([other], topology.outgoing)


@given(graphs(acyclic=True), st.randoms())
def test_the_order_does_not_depend_on_the_order_in_the_file(document: GraphDocument, random: object) -> None:
    turned = document.model_copy(update={"nodes": dict(reversed(document.nodes.items()))})

    assert read_topology(turned).order == read_topology(document).order


def test_ports_are_sorted_by_number_and_wires_without_ends_dangle() -> None:
    document = design(
        {"a": ("Add", {}), "b": ("Add", {})},
        ["a->b:inputs.10", "a->b:inputs.2", "a->gone", "gone->b:inputs.0"],
    )

    topology = read_topology(document)

    assert topology.incoming["b"] == [
        Wire("a:output->b:inputs.2", "a", "output", "b", "inputs.2"),
        Wire("a:output->b:inputs.10", "a", "output", "b", "inputs.10"),
    ]
    assert topology.dangling == ["a:output->gone:input", "gone:output->b:inputs.0"]
