"""States of recurrent layers over own cells and stacks: by value, by reference, in both directions; in and out."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.own import catalog_for
from app.codegen.python_source import render_script
from app.document.model import Code, GraphDocument
from app.graph.plan import make_plan
from app.messages.analysis import Analysis
from app.worker import sandbox
from app.worker.analysis.analyse import analyse
from app.worker.building import own_code
from app.worker.building.build import build_model
from app.worker.imports.drawn import import_config
from app.worker.imports.python.source import read_python
from tests.graph.designs import design
from tests.worker.own.designs import CELL

OWN: dict[str, Any] = {"class_name": "PlainCell", "config": {"units": 4}}
LSTM: dict[str, Any] = {"class_name": "LSTMCell", "config": {"units": 3}}
STACK: dict[str, Any] = {"class_name": "StackedRNNCells", "config": {"cells": [OWN, LSTM]}}
HELD: dict[str, Any] = {"class_name": "StackedRNNCells", "config": {"cells": [{"layer": "own"}, {"layer": "lstm"}]}}


def rnn(cell: dict[str, Any]) -> dict[str, Any]:
    return {"cell": cell, "return_state": True}


def both(cell: dict[str, Any]) -> dict[str, Any]:
    return {"layer": {"class_name": "RNN", "config": rnn(cell)}}


CASES: dict[str, tuple[str, dict[str, Any], list[int]]] = {
    "own cell": ("RNN", rnn(OWN), [4]),
    "own cell by reference": ("RNN", rnn({"layer": "own"}), [4]),
    "stack": ("RNN", rnn(STACK), [4, 3, 3]),
    "stack of references": ("RNN", rnn(HELD), [4, 3, 3]),
    "stack by reference": ("RNN", rnn({"layer": "stack"}), [4, 3, 3]),
    "own cell in both directions": ("Bidirectional", both(OWN), [4, 4]),
    "referenced cell in both directions": ("Bidirectional", both({"layer": "own"}), [4, 4]),
    "referenced layer in both directions": ("Bidirectional", {"layer": {"layer": "rnn"}}, [4, 4]),
    "stack in both directions": ("Bidirectional", both(STACK), [4, 3, 3, 4, 3, 3]),
}
"""By name: the class, its parameters and the sizes of its states."""


def document(case: str) -> GraphDocument:
    """Return a design that starts the layer from given states, and gives its last ones."""
    class_name, params, sizes = CASES[case]
    starts = {f"start{index}": ("InputLayer", {"shape": [size]}) for index, size in enumerate(sizes)}
    ends = {f"end{index}": ("Output", {}) for index in range(len(sizes) + 1)}
    found = design(
        {
            "x": ("InputLayer", {"shape": [None, 5]}),
            **starts,
            "layer": (class_name, params),
            **ends,
            "own": ("PlainCell", OWN["config"]),
            "lstm": ("LSTMCell", LSTM["config"]),
            "stack": ("StackedRNNCells", STACK["config"]),
            "rnn": ("RNN", rnn(OWN)),
        },
        [
            *("x->layer", "layer->end0"),
            *(f"start{index}->layer:initial_state.{index}" for index in range(len(sizes))),
            *(f"layer:states.{index}->end{index + 1}" for index in range(len(sizes))),
        ],
    )
    for held in ("own", "lstm", "stack", "rnn"):
        del found.nodes[held]
    found.code["cell"] = Code(kind="layers", name="PlainCell", source=CELL)
    return found


@pytest.fixture(autouse=True)
def may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process execute the cell of these tests, which a sandboxed process alone does otherwise."""
    monkeypatch.setattr(sandbox, "entered", lambda: True)
    yield
    own_code.clear()
    keras.backend.clear_session(free_memory=False)


def analysed(found: GraphDocument, known: Any = None) -> Analysis:
    return analyse(found, catalog_for(found), known)


def results(model: Any, inputs: list[Any]) -> list[list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [np.asarray(each).tolist() for each in keras.tree.flatten(model(inputs))]


@pytest.mark.parametrize("case", CASES)
def test_states_go_in_and_come_out(case: str) -> None:
    found, sizes = document(case), CASES[case][2]
    catalog = catalog_for(found)
    assert {problem.code for problem in analysed(found).problems} == {"own_code_not_run", "blocked"}

    own_code.load(found)
    there = analysed(found)
    shapes = next(node.output_shapes for node in there.nodes if node.id == "layer")
    assert there.problems == []
    assert list(shapes) == ["output", *(f"states.{index}" for index in range(len(sizes)))]
    assert [shapes[f"states.{index}"] for index in range(len(sizes))] == [[None, size] for size in sizes]
    model = build_model(make_plan(found, catalog), catalog)
    script = render_script(make_plan(found, catalog), found).source
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(script, "exported.py", "exec"), namespace)
    config = json.loads(model.to_json())
    imported = import_config(config, "model.json", catalog)
    assert {layer.outcome for layer in imported.layers} == {"ok"}
    read = read_python(script, catalog)
    assert (imported.notes, read.notes) == ([], [])

    inputs = [np.random.default_rng(1).random((2, *(size or 3 for size in each.shape[1:]))) for each in model.inputs]
    expected = results(model, inputs)
    others = {
        "config": keras.Model.from_config(model.get_config()),
        "script": namespace["build_model"](),
        "import": build_model(make_plan(imported.document, catalog), catalog),
        "reading": build_model(make_plan(read.document, catalog), catalog),
    }
    for name, other in others.items():
        other.set_weights(model.get_weights())
        assert results(other, inputs) == expected, name

    own_code.clear()
    assert analysed(found, there.learned) == there.model_copy(update={"learned": {}})


def test_a_cell_of_any_name_gives_its_states_in_a_script_too() -> None:
    found = design(
        {
            "x": ("InputLayer", {"shape": [5]}),
            "before": ("InputLayer", {"shape": [4]}),
            "memory": ("Memory", {"units": 4}),
            "y": ("Output", {}),
            "after": ("Output", {}),
        },
        ["x->memory", "before->memory:states.0", "memory->y", "memory:states.0->after"],
    )
    found.code["memory"] = Code(kind="layers", name="Memory", source=CELL.replace("PlainCell", "Memory"))
    own_code.load(found)
    catalog = catalog_for(found)
    model = build_model(make_plan(found, catalog), catalog)
    script = render_script(make_plan(found, catalog), found).source
    assert "memory, *memory_states = keras.tree.flatten(" in script
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(script, "exported.py", "exec"), namespace)
    other = namespace["build_model"]()
    other.set_weights(model.get_weights())
    inputs = [np.ones((2, *each.shape[1:])) for each in model.inputs]
    assert results(other, inputs) == results(model, inputs)


@pytest.mark.parametrize(
    ("made", "slices"),
    [
        ("layers.RNN(layers.GRUCell(2), return_sequences=True)(x)", 1),
        ("layers.Bidirectional(layers.GRU(2, return_sequences=True))(x)", 1),
        ("layers.RNN(layers.GRUCell(2), return_state=True)(x)", 0),
        ("layers.Bidirectional(layers.RNN(layers.LSTMCell(2), return_state=True))(x)", 0),
    ],
)
def test_an_index_chooses_a_tensor_only_where_there_are_several(made: str, slices: int) -> None:
    script = f"""import keras
from keras import layers
x = keras.Input(shape=(3, 2))
model = keras.Model(x, {made}[0])
"""
    read = read_python(script, catalog_for(GraphDocument()))
    assert sum(layer.class_name == "ops.getitem" for layer in read.document.layers.values()) == slices
    assert build_model(make_plan(read.document, catalog_for(GraphDocument())))


@pytest.mark.parametrize(
    ("case", "change", "code", "received"),
    [
        ("stack", "start2", "wrong_state_count", "2 wires"),
        ("stack in both directions", "start5", "wrong_state_count", "5 wires"),
        ("stack", "size", "wrong_size", "(None, 7) from start1"),
        ("own cell by reference", "size", "wrong_size", "(None, 7) from start0"),
    ],
)
def test_states_that_do_not_fit_are_told(case: str, change: str, code: str, received: str) -> None:
    found = document(case)
    if change == "size":
        found.layers[received.rpartition(" ")[2]].params["shape"] = [7]
    else:
        found.edges = {key: edge for key, edge in found.edges.items() if not key.startswith(f"{change}:")}
    own_code.load(found)
    problem = next(problem for problem in analysed(found).problems if problem.severity == "error")
    assert (problem.node, problem.code, problem.received) == ("layer", code, received)
