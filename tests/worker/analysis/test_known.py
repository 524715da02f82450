"""Own code in the analysis: executed where it is loaded, elsewhere as it was seen to behave."""

from collections.abc import Iterator

import pytest

from app.catalog.own import catalog_for
from app.codegen.python_source import render_script
from app.document.model import Code, GraphDocument
from app.graph.check import survey
from app.graph.plan import plan_of
from app.messages.analysis import Analysis
from app.worker import sandbox
from app.worker.analysis.analyse import analyse
from app.worker.analysis.dry import Outcome, Spec
from app.worker.analysis.known import as_json, from_json
from app.worker.building import own_code
from tests.graph.designs import design, nested
from tests.worker.own.designs import CELL

SCALE = """
import keras


class Scale(keras.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(input_shape[-1],), name="gain")

    def call(self, inputs):
        if self.factor < 0:
            raise ValueError("factor is negative")
        return inputs * self.gain * self.factor
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process execute the code of these tests, which a sandboxed process alone does otherwise."""
    monkeypatch.setattr(sandbox, "entered", lambda: True)
    yield
    own_code.clear()


def scaled(**params: float) -> GraphDocument:
    document = design(
        {
            "x": ("InputLayer", {"shape": [4]}),
            "scale": ("Scale", dict(params)),
            "dense": ("Dense", {"units": 3}),
            "y": ("Output", {}),
        },
        ["x->scale", "scale->dense", "dense->y"],
    )
    document.code["piece"] = Code(kind="layers", name="Scale", source=SCALE)
    return document


def analysed(document: GraphDocument, known: Analysis | None = None) -> Analysis:
    return analyse(document, catalog_for(document), known.learned if known else None)


def executed(document: GraphDocument) -> Analysis:
    """Analyse `document` where its code may run, and forget the code."""
    own_code.load(document)
    try:
        return analysed(document)
    finally:
        own_code.clear()


def problems(analysis: Analysis) -> list[tuple[str, str, str]]:
    return [(problem.severity, problem.code, problem.node) for problem in analysis.problems]


def test_code_that_was_not_run_blocks_what_comes_after_it() -> None:
    analysis = analysed(scaled())

    assert problems(analysis) == [
        ("warning", "own_code_not_run", "scale"),
        ("info", "blocked", "dense"),
        ("info", "blocked", "y"),
    ]
    assert analysis.problems[0].received == "Scale"
    assert analysis.learned == {}


def test_what_was_learned_stands_for_the_code(run: None) -> None:
    document = scaled(factor=3.0)

    there = executed(document)
    here = analysed(document, there)

    assert problems(there) == []
    assert there.total_params == 4 + 15
    assert here == there.model_copy(update={"learned": {}})
    assert len(there.learned) == 1


@pytest.mark.parametrize("change", ["source", "parameter", "input"])
def test_what_was_learned_is_of_one_code_parameter_and_input(change: str, run: None) -> None:
    document = scaled()
    there = executed(document)

    if change == "source":
        document.code["piece"].source += "\n# changed"
    elif change == "parameter":
        document.layers["scale"].params["factor"] = 5.0
    else:
        document.layers["x"].params["shape"] = [5]

    assert problems(analysed(document, there))[0] == ("warning", "own_code_not_run", "scale")


def test_an_error_of_the_code_names_its_line_and_is_known_elsewhere(run: None) -> None:
    document = scaled(factor=-1.0)

    there = executed(document)
    here = analysed(document, there)

    assert problems(there)[0] == ("error", "keras_error", "scale")
    assert "factor is negative (in line 15 of Scale)" in there.problems[0].message
    assert problems(here) == problems(there)


def test_code_inside_wrappers_and_nested_models_is_found(run: None) -> None:
    document = nested(
        {
            "": {
                "x": ("InputLayer", {"shape": [3, 4]}),
                "each": ("TimeDistributed", {"layer": {"class_name": "Model", "config": {"graph": "g"}}}),
                "y": ("Output", {}),
            },
            "g": {
                "a": ("InputLayer", {"shape": [4]}),
                "scale": ("Scale", {}),
                "b": ("Output", {}),
            },
        },
        ["x->each", "each->y", "a->scale", "scale->b"],
    )
    document.code["piece"] = Code(kind="layers", name="Scale", source=SCALE)

    before = analysed(document)
    there = executed(document)
    here = analysed(document, there)

    assert [found[:2] for found in problems(before)] == [("warning", "own_code_not_run")] + [("info", "blocked")] * 3
    assert problems(there) == []
    assert there.total_params == 4
    assert here == there.model_copy(update={"learned": {}})


def test_an_outcome_is_stored_whole_and_nothing_else_is_one() -> None:
    outcome = Outcome(
        outputs=(Spec((None, 4), "float32", False, (None,)), None),
        params=3,
        trainable_params=2,
        shared=(("dense", 2, 1),),
        loses_mask=True,
        fault="",
    )

    assert from_json(as_json(outcome)) == outcome
    assert [from_json(stored) for stored in (None, [], {}, {"outputs": 3}, "text")] == [None] * 5


def test_the_states_of_an_rnn_over_an_own_cell_have_ports_where_they_are_returned(run: None) -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [6, 5]}),
            "rnn": ("RNN", {"cell": {"class_name": "PlainCell", "config": {"units": 3}}, "return_state": True}),
            "last": ("Output", {}),
            "state": ("Output", {}),
        },
        ["x->rnn", "rnn->last", "rnn:states.0->state"],
    )
    document.code["cell"] = Code(kind="layers", name="PlainCell", source=CELL)

    there = executed(document)

    assert problems(there) == []
    assert there == analysed(document, there).model_copy(update={"learned": there.learned})
    source = render_script(plan_of(survey(document, catalog_for(document))), document).source
    assert "rnn, *rnn_states = layers.RNN(" in source
    assert "rnn_states[0]" in source
    document.layers["rnn"].params["return_state"] = False
    assert problems(executed(document))[0] == ("error", "unknown_port", "rnn")
