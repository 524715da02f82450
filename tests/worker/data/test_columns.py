"""Columns of a table for each Input and Output: loaded, told beforehand, trained on, and read alike by the script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.edits import apply_edits
from app.document.model import FitOptions, GraphDocument
from app.document.read import validate_document
from app.graph.check import survey
from app.graph.demand import Demand, demand_in, demand_of
from app.graph.plan import plan_of
from app.messages.data import CsvOptions, CsvSource, TargetSpec
from app.messages.events import RunState
from app.worker.data.errors import BadData
from app.worker.data.sources import describe, load
from app.worker.preflight.check import analyse_for
from tests.graph.designs import design
from tests.worker.designs import job
from tests.worker.training.test_trainer import of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CATALOG = load_catalog()
COLORS = ("red", "green", "blue")
WORDS = ("a plain one", "one of two", "none of it")


def two_ends(columns: dict[str, list[str]], **training: Any) -> GraphDocument:
    """Return a design of the Inputs `ids` and `aux` (5 numbers), and of the Outputs `kind` (3 classes) and `price`."""
    document = design(
        {
            "ids": ("InputLayer", {"shape": [2], "dtype": "int32"}),
            "aux": ("InputLayer", {"shape": [5], "position": 1}),
            "embedded": ("Embedding", {"input_dim": 30, "output_dim": 4}),
            "flat": ("Flatten", {}),
            "both": ("Concatenate", {}),
            "classes": ("Dense", {"units": 3, "activation": "softmax"}),
            "number": ("Dense", {"units": 1}),
            "kind": ("Output", {}),
            "price": ("Output", {"position": 1}),
        },
        [
            *("ids->embedded", "embedded->flat", "flat->both:inputs.0", "aux->both:inputs.1"),
            *("both->classes", "both->number", "classes->kind", "number->price"),
        ],
    )
    fit = {"epochs": 2, "batch_size": 10, "seed": 1}
    return validate_document({**document.model_dump(), "training": {"columns": columns, "fit": fit, **training}})


FITTING = {
    "ids": ["word", "color"],
    "aux": ["p", "color", "p"],
    "kind": ["label"],
    "price": ["cost"],
}


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., CsvSource]:
    def write(**options: Any) -> CsvSource:
        random = np.random.default_rng(5)
        rows = [
            f"{n % 17},{COLORS[n % 3]},{random.normal():.3f},{'' if n % 13 == 5 else n},{n % 3},{random.normal():.4f},"
            f"{WORDS[n % 3]} {n}"
            for n in range(80)
        ]
        path = tmp_path / "data.csv"
        path.write_text("word,color,p,q,label,cost,text\n" + "\n".join(rows) + "\n")
        return CsvSource(path=str(path), options=CsvOptions.model_validate({"targets": ["cost"], **options}))

    return write


def wanted(document: GraphDocument) -> Demand:
    return demand_in(survey(document, CATALOG))


def test_each_input_and_output_gets_its_columns(table: Callable[..., CsvSource]) -> None:
    fit = FitOptions(seed=1)
    data = load(table(), fit, wanted(two_ends(FITTING | {"aux": ["p", "q", "color"]})))
    assert {node: (values.shape[1:], values.dtype.kind) for node, values in data.train.features.items()} == {
        "ids": ((2,), "i"),
        "aux": ((6,), "f"),
    }
    assert data.targets == {
        "kind": TargetSpec(kind="classification", classes=["0", "1", "2"], shape=[], encoding="integer"),
        "price": TargetSpec(kind="regression", shape=[1], encoding="number"),
    }
    assert {node: values.shape[1:] for node, values in data.train.targets.items()} == {"kind": (), "price": (1,)}
    assert sorted(set(data.train.features["ids"][:, 0])) == list(range(17))
    assert set(data.train.features["ids"][:, 1]) == {1, 2, 3}
    assert np.allclose(data.train.features["aux"][:, :2].mean(axis=0), 0, atol=1e-5)
    assert [(one.name, one.shape, one.columns) for one in data.features] == [
        ("ids", [2], [("word", 1), ("color", 1)]),
        ("aux", [6], [("p", 1), ("q", 1), ("color", 4)]),
    ]


def test_a_design_that_says_nothing_has_what_it_had(table: Callable[..., CsvSource]) -> None:
    document = two_ends({})
    document.layers["ids"].params.pop("dtype")
    demand = wanted(document)
    assert demand.is_plain
    assert not wanted(two_ends(FITTING)).is_plain
    plain, data = load(table(), FitOptions()), load(table(), FitOptions(), demand)
    for node in ("ids", "aux"):
        np.testing.assert_array_equal(data.train.features[node], plain.train.features[""])
    for node in ("kind", "price"):
        np.testing.assert_array_equal(data.train.targets[node], plain.train.targets[""])


def test_a_task_decides_where_a_column_could_be_either(table: Callable[..., CsvSource]) -> None:
    document = two_ends(FITTING, tasks={"kind": "regression"})
    assert load(table(), FitOptions(), wanted(document)).targets["kind"].kind == "regression"


@pytest.mark.parametrize(
    ("columns", "node", "words"),
    [
        ({"aux": ["colour"]}, "aux", "The feature column 'colour' is not in the table"),
        ({"aux": ["text"]}, "aux", "The column 'text' of the Input aux holds free text"),
        ({"ids": ["p"]}, "ids", "The column 'p' does not hold whole numbers, which the Input ids takes"),
        ({"kind": ["label", "word"]}, "kind", "A classification has one target column"),
        ({"price": ["color"]}, "price", "The target column 'color' does not hold numbers"),
        ({"price": ["costs"]}, "price", "The target column 'costs' is not in the table"),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_their_node(
    table: Callable[..., CsvSource], columns: dict[str, list[str]], node: str, words: str
) -> None:
    tasks = {"kind": "classification", "price": "regression"}
    with pytest.raises(BadData, match=words) as caught:
        load(table(), FitOptions(), wanted(two_ends(FITTING | columns, tasks=tasks)))
    assert caught.value.node == node
    assert caught.value.as_dict()["node"] == node
    assert caught.value.hint


def test_the_preflight_tells_which_input_gets_which_columns(table: Callable[..., CsvSource]) -> None:
    document = two_ends(FITTING | {"aux": ["p", "q", "color"]})
    found = analyse_for(document, CATALOG, describe(table(), wanted(document))).problems
    assert [(problem.code, problem.node) for problem in found] == [("input_shape", "aux")]
    assert found[0].expected == "shape (6,), one sample of the data, from the columns p, q, color (4 values)"
    assert found[0].received == "shape (5,)"
    assert found[0].fix is not None


def test_the_preflight_judges_each_output_by_its_own_labels(table: Callable[..., CsvSource]) -> None:
    document = two_ends(FITTING | {"ids": ["color", "q"], "kind": ["word"], "price": ["label"], "gone": ["p"]})
    found = analyse_for(document, CATALOG, describe(table(), wanted(document))).problems
    assert [(problem.code, problem.node, problem.received) for problem in found] == [
        ("output_units", "classes", "3 units"),
        ("output_units", "number", "1 units"),
        ("stray_training", "", "gone"),
    ]


def test_an_input_that_sees_the_target_is_told_and_mended(table: Callable[..., CsvSource]) -> None:
    document = two_ends(FITTING | {"ids": ["word", "label"]})
    (problem,) = analyse_for(document, CATALOG, describe(table(), wanted(document))).problems
    assert (problem.severity, problem.code, problem.node, problem.received) == (
        *("warning", "target_shown"),
        *("ids", "label"),
    )
    assert problem.fix is not None
    mended = validate_document(apply_edits(document.model_dump(), problem.fix.edits))
    assert mended.training.columns["ids"] == ["word"]


def test_it_is_trained_on_and_reported(table: Callable[..., CsvSource], tmp_path: Path) -> None:
    document = two_ends(FITTING)
    assert analyse_for(document, CATALOG, describe(table(), wanted(document))).problems == []
    state, events = run(job(tmp_path / "run", document, table()))
    assert state is RunState.FINISHED, events[-1]
    (started,) = of(events, "started")
    assert started["defaults"]["loss"] == {"kind": "SparseCategoricalCrossentropy", "price": "MeanSquaredError"}
    assert [report["classes"] for report in of(events, "report")] == [["0", "1", "2"]] * 2
    script = (tmp_path / "run" / "model.py").read_text()
    assert 'ids(columns, ["word", "color"], train)' in script


def test_a_run_that_cannot_be_blames_the_input(table: Callable[..., CsvSource], tmp_path: Path) -> None:
    state, events = run(job(tmp_path / "run", two_ends(FITTING | {"aux": ["q"]}), table()))
    assert (state, events[-1]["code"], events[-1]["node"]) == (RunState.FAILED, "bad_training", "aux")
    assert "samples of shape (1,), from the columns q" in events[-1]["reason"]


@pytest.mark.parametrize("missing", ["drop", "median"])
@pytest.mark.parametrize("columns", [FITTING, {"ids": ["word", "color"], "kind": ["label"]}, {"price": ["p", "q"]}])
def test_the_script_reads_as_training_does(
    table: Callable[..., CsvSource], missing: str, columns: dict[str, list[str]]
) -> None:
    source = table(missing=missing, one_hot=missing == "drop")
    document = two_ends(columns)
    if "ids" not in columns:
        document.layers["ids"].params.pop("dtype")
    compared(document, source)


def test_texts_reach_an_input_of_texts(table: Callable[..., CsvSource], tmp_path: Path) -> None:
    vocabulary = ["one", "two", "none"]
    document = design(
        {
            "x": ("InputLayer", {"shape": [1], "dtype": "string"}),
            "words": ("TextVectorization", {"vocabulary": vocabulary, "output_sequence_length": 4}),
            "embedded": ("Embedding", {"input_dim": 5, "output_dim": 4}),
            "flat": ("Flatten", {}),
            "dense": ("Dense", {"units": 3, "activation": "softmax"}),
            "y": ("Output", {}),
        },
        ["x->words", "words->embedded", "embedded->flat", "flat->dense", "dense->y"],
    )
    training = {"columns": {"x": ["text"], "y": ["label"]}, "fit": {"epochs": 2, "seed": 1}}
    document = validate_document({**document.model_dump(), "training": training})
    assert analyse_for(document, CATALOG, describe(table(), wanted(document))).problems == []
    state, events = run(job(tmp_path / "run", document, table()))
    assert state is RunState.FINISHED, events[-1]
    compared(document, table())


def test_a_table_of_decimal_commas_is_read_alike(tmp_path: Path) -> None:
    """Numbers that no float32 holds are missing; long ones reach an Input of texts whole."""
    document = design(
        {
            "code": ("InputLayer", {"shape": [1], "dtype": "string"}),
            "found": ("StringLookup", {"vocabulary": ["1234567"]}),
            "flat": ("Embedding", {"input_dim": 2, "output_dim": 3}),
            "first": ("Flatten", {}),
            "size": ("InputLayer", {"shape": [1], "position": 1}),
            "both": ("Concatenate", {}),
            "dense": ("Dense", {"units": 1}),
            "price": ("Output", {}),
        },
        [
            *("code->found", "found->flat", "flat->first", "first->both:inputs.0"),
            *("size->both:inputs.1", "both->dense", "dense->price"),
        ],
    )
    training = {"columns": {"code": ["code"], "size": ["size"]}, "fit": {"seed": 1}}
    document = validate_document({**document.model_dump(), "training": training})
    path = tmp_path / "data.csv"
    rows = [f"{1234567 + n % 2};{n},5;{'1e39' if n == 3 else n}" for n in range(60)]
    path.write_text("code;size;price\n" + "\n".join(rows) + "\n")
    source = CsvSource(path=str(path), options=CsvOptions(delimiter=";", targets=["price"], standardize=False))
    data = load(source, FitOptions(seed=1), wanted(document))
    assert len(data.train) + len(data.validation or ()) + len(data.test or ()) == 59
    assert sorted(set(data.train.features["code"][:, 0])) == ["1234567", "1234568"]
    assert set(data.train.features["size"][:, 0] % 1) == {0.5}
    compared(document, source)


def compared(document: GraphDocument, source: CsvSource) -> None:
    """Hold what the script of `document` reads against what training reads."""
    plan = plan_of(survey(document, CATALOG))
    demand = demand_of(document, [one.node for one in plan.inputs], [one.node for one in plan.outputs])
    data = load(source, document.training.fit, demand)
    script = render_script(plan, document, source, targets=data.targets).source
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(script, "exported.py", "exec"), namespace)
    for given, part in zip(namespace["load_data"](source.path), (data.train, data.validation, data.test), strict=True):
        assert part is not None
        for theirs, ours in zip(given, (part.features, part.targets), strict=True):
            arrays = theirs if isinstance(theirs, list) else [theirs]
            assert len(arrays) == len(ours)
            for array, expected in zip(arrays, ours.values(), strict=True):
                same(np.asarray(array), expected)


def same(array: Any, expected: Any) -> None:
    if expected.dtype == object:
        assert [[cell.decode() for cell in row] for row in array.tolist()] == expected.tolist()
    else:
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_any_name_of_a_column_stays_text(tmp_path: Path) -> None:
    names = ['"); import os  #', "'''", "{{ 7 }}", "../../x"]
    document = two_ends({"ids": names[:2], "aux": names[1:3], "kind": names[3:], "price": names[:1]})
    options = CsvOptions(targets=[names[0]])
    source = render_script(plan_of(survey(document, CATALOG)), document, CsvSource(path="x", options=options)).source
    compile(source, "exported.py", "exec")
    assert all(repr(name) in source or f'"{name}"' in source for name in names)
