"""Exported Python: what it builds, how it reads, and that a person's text stays text in it."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.model import Kind, ObjectSpec
from app.catalog.own import catalog_for
from app.catalog.ports import output_ports
from app.catalog.registry import load_catalog
from app.codegen.names import RESERVED
from app.codegen.notebook import render_notebook
from app.codegen.python_source import render_script
from app.designs.templates import Template, get_template, load_templates
from app.document.model import FitOptions, GraphDocument, Training
from app.document.read import validate_document
from app.graph.check import check
from app.graph.model import Plan
from app.graph.plan import make_plan
from app.graph.ports import first_key
from app.messages.data import BundledSource, CsvOptions, CsvSource, DataSource, KerasSource
from app.worker.building.build import BuildFailed, build_model
from app.worker.data.sources import load
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.scripts import registry_kept
from tests.graph.designs import design

CATALOG = load_catalog()
LAYERS = [
    spec
    for kind in (Kind.LAYER, Kind.OPERATION)
    for spec in CATALOG.objects[kind].values()
    if not spec.marker and spec.name != "Equalization"
]
BUNDLED = ("digits", "iris", "wine", "breast_cancer", "diabetes")


def around(spec: ObjectSpec) -> GraphDocument:
    """Return a design of one layer, built from its sample, between the inputs and the output that it needs."""
    layers: dict[str, Any] = {"it": {"class_name": spec.name, "name": "it", "params": spec.sample}}
    edges: dict[str, Any] = {}
    for number, (port, shape) in enumerate(spec.sample_inputs.items()):
        params = dict(shape) if isinstance(shape, dict) else {"shape": shape}
        batch = params.pop("batch", 2)
        if spec.kind is Kind.OPERATION and batch is not None:
            params["batch_size"] = batch
        layers[f"in{number}"] = {"class_name": "InputLayer", "name": f"in{number}", "params": params}
        edges[f"in{number}:output->it:{port}"] = {}
    layers["out"] = {"class_name": "Output", "name": "out"}
    port = output_ports(spec, spec.sample)[0]
    edges[f"it:{first_key(port)}->out:input"] = {}
    nodes = {name: {"layer": name} for name in layers}
    return GraphDocument.model_validate({"layers": layers, "nodes": nodes, "edges": edges})


def script_of(document: GraphDocument, data: DataSource | None = None) -> str:
    return render_script(make_plan(document, catalog_for(document)), document, data).source


def fitted(document: GraphDocument, fit: FitOptions) -> GraphDocument:
    return document.model_copy(update={"training": document.training.model_copy(update={"fit": fit})})


def executed(source: str) -> dict[str, Any]:
    """Return the namespace of a script that was executed without its `main`."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)
    return namespace


def source_of(template: Template) -> DataSource | None:
    if template.dataset is None:
        return None
    return BundledSource(name=template.dataset) if template.dataset in BUNDLED else KerasSource(name=template.dataset)


@pytest.mark.parametrize("spec", LAYERS, ids=lambda spec: spec.name)
def test_plan_to_keras_equals_plan_to_source(spec: ObjectSpec) -> None:
    document = around(spec)
    assert [problem for problem in check(document, CATALOG) if problem.severity == "error"] == []
    keras.backend.clear_session(free_memory=False)
    ours = build_model(make_plan(document, CATALOG))
    source = script_of(document)
    keras.backend.clear_session(free_memory=False)
    with registry_kept():
        theirs = executed(source)["build_model"]()
        _equal(ours, theirs)


def _equal(ours: Any, theirs: Any) -> None:
    assert first_difference(configuration(ours, named=False), configuration(theirs, named=False)) == ""
    assert theirs.count_params() == ours.count_params()


def test_equalization_works_only_inside_another_layer() -> None:
    """By itself it hands on the very tensor that it was given, which Keras takes for a cycle."""
    spec = CATALOG.objects[Kind.LAYER]["Equalization"]
    with pytest.raises(BuildFailed):
        build_model(make_plan(around(spec), CATALOG))
    pipeline = CATALOG.objects[Kind.LAYER]["Pipeline"]
    inside = pipeline.model_copy(update={"sample": {"layers": [{"class_name": "Equalization", "config": {}}]}})
    source = script_of(around(inside))
    assert executed(source)["build_model"]().output_shape == (None, 16, 16, 3)


@pytest.mark.parametrize("template", load_templates(), ids=lambda template: template.name)
def test_templates_export_to_the_same_model(template: Template) -> None:
    plan = make_plan(template.document, catalog_for(template.document))
    source = render_script(plan, template.document, source_of(template)).source
    with registry_kept():
        _same_as_the_plan(template, plan, source)


def _same_as_the_plan(template: Template, plan: Plan, source: str) -> None:
    keras.backend.clear_session(free_memory=False)
    namespace = executed(source)
    theirs = namespace["build_model"]()
    namespace["compile_model"](theirs)
    if template.document.code:  # The gallery's own code, which only a script or the sandbox executes.
        assert theirs.count_params() == template.parameters
        return
    keras.backend.clear_session(free_memory=False)
    ours = build_model(plan)
    assert first_difference(configuration(ours, named=False), configuration(theirs, named=False)) == ""
    assert theirs.count_params() == template.parameters
    assert theirs.optimizer is not None


def several_ends(training: dict[str, Any]) -> GraphDocument:
    """Return a design of two Inputs, of whole numbers and of numbers, and two Outputs."""
    document = design(
        {
            "ids": ("InputLayer", {"shape": [2], "dtype": "int32"}),
            "aux": ("InputLayer", {"shape": [5], "position": 1}),
            "both": ("Concatenate", {}),
            "kind": ("Dense", {"units": 3, "activation": "softmax"}),
            "number": ("Dense", {"units": 1}),
            "y": ("Output", {}),
            "z": ("Output", {"position": 1}),
        },
        ["ids->both:inputs.0", "aux->both:inputs.1", "both->kind", "both->number", "kind->y", "number->z"],
    )
    return validate_document({**document.model_dump(), "training": training})


def csv_source(**options: Any) -> CsvSource:
    return CsvSource(path="x", options=CsvOptions.model_validate({"targets": ["cost"], **options}))


COLUMNS = {"ids": ["word", "color"], "aux": ["p", "a column with a rather long name", "and one more, as long"]}
TABLES = {
    "plain": (get_template("mlp_binary").document, csv_source(missing="mean")),
    "columns": (several_ends({"columns": COLUMNS | {"y": ["label"]}}), csv_source()),
    "some": (
        several_ends({"columns": {"ids": ["word"], "z": ["p", "q"]}}),
        csv_source(missing="median", one_hot=False),
    ),
    "zeros": (several_ends({"columns": COLUMNS, "targets": {"y": "zeros"}}), csv_source(standardize=False)),
    "inputs": (several_ends({"targets": {"y": "inputs", "z": "zeros"}}), csv_source()),
}


def test_scripts_read_like_formatted_python(tmp_path: Path) -> None:
    """What a script carries of others keeps its own width; all else is as a formatter writes it."""
    for template in load_templates():
        source = script_of(template.document, source_of(template))
        carries = template.document.code or "register_keras_serializable" in source
        folder = tmp_path / ("carried" if carries else "ours")
        folder.mkdir(exist_ok=True)
        (folder / f"{template.name}.py").write_text(source)
    for name, (document, source) in TABLES.items():
        (tmp_path / "ours" / f"{name}.py").write_text(script_of(document, source))
    for folder, *command in (
        ("ours", "check", "--select", "E,F,W,I,N", "--line-length", "88"),
        ("ours", "format", "--check", "--line-length", "88"),
        ("carried", "check", "--select", "F,W", "--ignore", "F811", "--line-length", "120"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path / folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_of_the_digits_cnn() -> None:
    source = script_of(get_template("digits_cnn").document, BundledSource(name="digits"))
    assert (
        '    return keras.Sequential(\n        [\n            keras.Input(shape=(8, 8, 1), name="input_1"),\n' in source
    )
    assert '            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2d_1"),\n' in source
    assert "data = datasets.load_digits()" in source


@pytest.mark.parametrize(
    ("name", "dataset", "fitting"),
    [
        ("digits_cnn", "digits", 'metrics.SparseCategoricalAccuracy(name="accuracy")'),
        ("breast_cancer_mlp", "breast_cancer", 'metrics.BinaryAccuracy(name="accuracy"'),
        ("diabetes_regression", "diabetes", "metrics.MeanAbsoluteError("),
    ],
)
def test_accuracy_is_what_fits_and_the_class_accuracy_is_equality(name: str, dataset: str, fitting: str) -> None:
    document = get_template(name).document
    output = next(key for key, node in document.nodes.items() if document.layers[node.layer].class_name == "Output")
    chosen = {"a": {"class_name": "accuracy"}, "b": {"class_name": "Accuracy", "position": 1.0}}
    training = {**document.training.model_dump(), "metrics": {output: chosen}}
    document = document.model_copy(update={"training": Training.model_validate(training)})
    assert check(document, CATALOG) == []
    source = script_of(document, BundledSource(name=dataset))
    assert fitting in source
    assert "metrics.Accuracy()" in source


def test_a_data_set_that_no_script_can_load_is_left_out() -> None:
    document = get_template("iris_mlp").document
    assert script_of(document, KerasSource(name="__import__")) == script_of(document)


def test_shared_layers_are_made_once() -> None:
    source = script_of(get_template("shared_lstm").document)
    assert source.count("layers.LSTM(") == 1
    assert source.count(" = shared_lstm(") == 2


@pytest.mark.parametrize("name", BUNDLED)
def test_the_split_is_the_one_that_training_uses(name: str) -> None:
    template = next(template for template in load_templates() if template.dataset == name)
    fit = FitOptions(seed=3, validation_split=0.25)
    plan = make_plan(template.document, CATALOG)
    document = fitted(template.document, fit)
    parts = executed(render_script(plan, document, BundledSource(name=name)).source)["load_data"]()
    data = load(BundledSource(name=name), fit)
    for (x, y), part in zip(parts, (data.train, data.validation, data.test), strict=True):
        assert part is not None
        np.testing.assert_allclose(x, part.features[""], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(y, part.targets[""])


@pytest.mark.parametrize("missing", ["drop", "mean", "most_frequent"])
def test_a_table_is_read_as_training_reads_it(tmp_path: Path, missing: Any) -> None:
    random = np.random.default_rng(0)
    rows = [
        f"{random.normal():.3f};{'' if n % 9 == 4 else n % 7};{('red', 'green', 'blue')[n % 3]};{('no', 'yes')[n % 2]}"
        for n in range(80)
    ]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["size;count;colour;answer", *rows]) + "\n")
    options = CsvOptions(delimiter=";", targets=["answer"], missing=missing, seed=4)
    source = CsvSource(path=str(path), options=options)
    document = get_template("mlp_binary").document
    script = render_script(make_plan(document, CATALOG), fitted(document, FitOptions()), source).source
    parts = executed(script)["load_data"](path)
    data = load(source, FitOptions())
    for (x, y), part in zip(parts, (data.train, data.validation, data.test), strict=True):
        assert part is not None
        np.testing.assert_allclose(x, part.features[""], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(y, part.targets[""])


RUN = """
import json, os, runpy, sys

for name in sys.argv[1:]:
    os.makedirs(name)
    os.chdir(name)
    if os.path.exists(f"../{name}.ipynb"):
        with open(f"../{name}.ipynb") as file:
            cells = [cell["source"] for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
        cells_share = {"__name__": "__main__"}
        for cell in cells:
            exec(compile(cell, name, "exec"), cells_share)
    else:
        runpy.run_path(f"../{name}.py", run_name="__main__")
    os.chdir("..")
"""


def test_scripts_and_notebooks_run_by_themselves(tmp_path: Path) -> None:
    """A classification, a regression, several inputs, several outputs with aims of their own, and a notebook."""
    scripts = {"iris_mlp": "iris", "diabetes_regression": "diabetes", "wide_deep": "breast_cancer", "vae": "digits"}
    for name, dataset in scripts.items():
        options = FitOptions(epochs=1, seed=0, class_weight="balanced" if name == "iris_mlp" else "none")
        document = fitted(get_template(name).document, options)
        (tmp_path / f"{name}.py").write_text(script_of(document, BundledSource(name=dataset)))
    document = fitted(get_template("autoencoder").document, FitOptions(epochs=1))
    script = render_script(make_plan(document, CATALOG), document, BundledSource(name="digits"))
    (tmp_path / "autoencoder.ipynb").write_text(render_notebook(script))
    (tmp_path / "run.py").write_text(RUN)
    names = [*scripts, "autoencoder"]
    done = subprocess.run(
        [sys.executable, "run.py", *names], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Test: {'") == len(names)
    for name in names:
        parameters = keras.saving.load_model(tmp_path / name / "model.keras").count_params()
        assert parameters == get_template(name).parameters


def skeleton(source: str) -> list[str]:
    """Return the syntax of a script with every text literal blanked."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree).split()


HOSTILE = [
    '"); import os; os.system("x")  #',
    "'''",
    "\\",
    "a\nb",
    '"""',
    "{{ 7 * 7 }}",
    "{% raw %}",
    "\u202e",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    _compare_with(text)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_name_stays_text(text: str) -> None:
    _compare_with(text)


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True) | st.sampled_from(sorted(RESERVED)))
def test_a_name_that_is_an_identifier_is_a_variable_and_changes_nothing_else(text: str) -> None:
    assert renamed(_script_with(text)) == renamed(_script_with("a word"))


def renamed(source: str) -> str:
    """Return the syntax of a script with every text literal blanked and the variables of `build_model` numbered."""
    tree = ast.parse(source)
    build = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "build_model")
    names: dict[str, str] = {}
    for node in ast.walk(build):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id, f"v{len(names)}")
    assert not names.keys() & RESERVED
    for node in ast.walk(build):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return " ".join(skeleton(ast.unparse(tree)))


def _compare_with(text: str) -> None:
    """A design with `text` wherever a person can write has the syntax of the same design with a plain word."""
    assert renamed(_script_with(text)) == renamed(_script_with("a word"))
    named = [
        keyword.value.value
        for node in ast.walk(ast.parse(_script_with(text)))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    ]
    assert named.count(text) >= 3


def _script_with(text: str) -> str:
    document = get_template("two_branches").document
    layers = {
        key: layer.model_copy(update={"name": text if layer.class_name != "Dense" else layer.name})
        for key, layer in document.layers.items()
    }
    training = Training.model_validate(
        {
            "metrics": {"output_1": {"m": {"class_name": "AUC", "config": {"name": text}}}},
            "callbacks": {"c": {"class_name": "EarlyStopping", "config": {"monitor": text}}},
        }
    )
    meta = document.meta.model_copy(update={"name": text, "description": text})
    nodes = {key: node.model_copy(update={"note": text}) for key, node in document.nodes.items()}
    plan = make_plan(document, CATALOG)
    planned = {key: plan.layers[key].model_copy(update={"name": layers[key].name}) for key in plan.layers}
    plan = plan.model_copy(update={"name": text, "model_name": text, "layers": planned})
    changed = {"meta": meta, "layers": layers, "nodes": nodes, "training": training}
    options = CsvOptions(delimiter="\\", targets=[text], features=[text, text])
    source = CsvSource(path=text, options=options)
    return render_script(plan, document.model_copy(update=changed), source, csv_name="data.csv").source
