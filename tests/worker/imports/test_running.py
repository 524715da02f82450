"""Scripts that are imported by running them: which model is taken, and what is said of a script that gives none."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from app.catalog.registry import load_catalog
from app.messages.analysis import ImportedModel, RunScriptRequest
from app.worker import analysis_service
from app.worker.imports.errors import NotPython
from app.worker.imports.python.source import read_python
from app.worker.imports.running import run_script

COMPUTED = """
import keras

def widths(total):
    while total > 4:
        total //= 2
        yield total

model = keras.Sequential([keras.Input((8,))] + [keras.layers.Dense(width) for width in widths(40)])
"""


def run(folder: Path, source: str) -> ImportedModel:
    path = folder / "upload"
    path.write_text(dedent(source))
    return run_script(path, "steps.py", load_catalog())


def test_what_cannot_be_followed_is_had_by_running(tmp_path: Path) -> None:
    with pytest.raises(NotPython):
        read_python(COMPUTED, load_catalog())
    found = run(tmp_path, COMPUTED)
    layers = found.document.layers.values()
    assert [layer.params["units"] for layer in layers if layer.class_name == "Dense"] == [20, 10, 5, 2]
    assert (found.document.meta.name, found.document.meta.model_class) == ("steps", "Sequential")
    assert {report.outcome for report in found.layers} == {"ok"}


def test_a_notebook_is_run_cell_after_cell(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    cells = [{"cell_type": "code", "source": source} for source in ("%matplotlib inline\n", COMPUTED)]
    path.write_text(json.dumps({"cells": cells}))
    layers = run_script(path, "lesson.ipynb", load_catalog()).document.layers.values()
    assert [layer.params["units"] for layer in layers if layer.class_name == "Dense"] == [20, 10, 5, 2]


def test_of_several_models_the_last_compiled_one_is_taken_and_the_others_are_told(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        import keras
        first = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="first_one")
        inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)], name="inner_one")
        taken = again = keras.Sequential([keras.Input((2,)), inner], name="second_one")
        taken.compile(loss="mse", optimizer=keras.optimizers.SGD(0.5))
        last = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)], name="third_one")
        """,
    )
    assert found.document.meta.name == "second_one"
    assert "Of 3 models this is taken; not taken: first, last." in found.notes
    training = found.document.training
    assert training.optimizer.class_name == "SGD"
    assert training.optimizer.config["learning_rate"] == 0.5


@pytest.mark.parametrize(
    ("source", "message", "received", "line"),
    [
        ("x = [\n", "Line 1: the script ended with an error.", "line 1: SyntaxError", 1),
        ("def f():\n    return 1 / 0\n\nf()\n", "Line 2: the script ended with an error.", "line 2: ZeroDivision", 2),
        ("import sys\nsys.exit(3)\n", "Line 2: the script ended with an error.", "line 2: SystemExit: 3", 2),
        ("x = 1\n", "The script leaves no model whose layers are known.", "none", 0),
        (
            "import keras\nclass Mine(keras.Model):\n    pass\nmine = Mine()\n",
            "The script leaves no model whose layers are known.",
            "mine",
            0,
        ),
    ],
)
def test_a_script_that_gives_no_model_says_why(
    tmp_path: Path, source: str, message: str, received: str, line: int
) -> None:
    with pytest.raises(NotPython) as refused:
        run(tmp_path, source)
    assert refused.value.message == message
    assert refused.value.received.startswith(received)
    assert refused.value.line == line


def test_outside_the_sandbox_no_script_is_run(tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "upload"
    path.write_text(f"open({str(canary)!r}, 'w').close()\n")
    request = RunScriptRequest(path=str(path), filename="a.py")
    answer = analysis_service.answer(request.model_dump_json())
    assert b"Scripts are executed in a sandbox only." in answer
    assert not canary.exists()
