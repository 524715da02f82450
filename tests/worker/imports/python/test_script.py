"""The code of notebooks: what Jupyter adds to Python is left out, and every line keeps its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.catalog.registry import load_catalog
from app.codegen.notebook import render_notebook
from app.codegen.python_source import render_script
from app.designs.templates import get_template
from app.graph.plan import make_plan
from app.messages.analysis import MAX_SCRIPT
from app.messages.data import BundledSource
from app.shared.errors import TooLarge
from app.worker.imports.errors import NotPython
from app.worker.imports.python.script import script_text
from app.worker.imports.python.source import read_script

CATALOG = load_catalog()


def code(source: str | list[str]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": [], "metadata": {}, "execution_count": None}


def notebook(folder: Path, *cells: dict[str, Any]) -> Path:
    path = folder / "lesson.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    return path


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("x = 1\ny = 2", "x = 1\ny = 2"),
        (["x = 1\n", "y = 2"], "x = 1\ny = 2"),
        ("%matplotlib inline\n!pip install keras\nx = 1", "\n\nx = 1"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nls\nrm x", "\n\n"),
        ("x = (7\n     % 3)", "x = (7\n     % 3)"),
        ("keras.layers.Dense?\nx = 1", "\nx = 1"),
        ("", ""),
    ],
    ids=["a text", "lines", "magics", "a cell that is timed", "a cell for a shell", "a remainder", "help", "empty"],
)
def test_a_cell_is_the_python_in_it(source: str | list[str], python: str, tmp_path: Path) -> None:
    path = notebook(tmp_path, {"cell_type": "markdown", "source": "# x"}, code(source), code("z = 3"))

    assert script_text(path, "lesson.IPYNB") == f"{python}\nz = 3"


def test_a_notebook_is_imported_as_its_code_is(tmp_path: Path) -> None:
    model = "# The last one.\ny = layers.Dense(2, name='y')(x)\nmodel = keras.Model(x, y)"
    first = "%pip install keras\nimport keras\nfrom keras import layers"
    path = notebook(tmp_path, code(first), code("x = keras.Input((3,), name='x')"), code(model))

    found = read_script(path, "lesson.ipynb", CATALOG)

    assert {node: call.note for node, call in found.document.nodes.items() if call.note} == {"y": "The last one."}
    assert found.lines == {"x": 4, "y": 6}


def test_an_exported_notebook_comes_back(tmp_path: Path) -> None:
    document = get_template("iris_mlp").document
    script = render_script(make_plan(document, CATALOG), document, BundledSource(name="iris"))
    path, plain = tmp_path / "model.ipynb", tmp_path / "model.py"
    path.write_text(render_notebook(script))
    plain.write_text(script.source)

    found, wanted = (read_script(each, each.name, CATALOG).document for each in (path, plain))

    assert found == wanted


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"{", "Expecting property name"),
        (b"[1]", "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": [{"cell_type": "code", "source": 7}]}', "a code cell that holds no text"),
        (b'{"cells": [{"cell_type": "code", "source": ["x", 7]}]}', "a code cell that holds no text"),
        (b"[" * 100_000, "recursion"),
        (b"\xff\xfe", "utf-8"),
    ],
    ids=["cut short", "a list", "no list", "a number", "mixed lines", "nested", "no text"],
)
def test_what_is_no_notebook_is_refused(content: bytes, received: str, tmp_path: Path) -> None:
    path = tmp_path / "lesson.ipynb"
    path.write_bytes(content)

    with pytest.raises(NotPython) as caught:
        script_text(path, path.name)

    assert received in caught.value.received


def test_the_code_of_a_notebook_has_a_limit_and_its_pictures_have_another(tmp_path: Path) -> None:
    picture = {**code("x = 1"), "outputs": [{"data": {"image/png": "A" * (MAX_SCRIPT + 1)}}]}
    assert script_text(notebook(tmp_path, picture), "lesson.ipynb") == "x = 1"
    with pytest.raises(TooLarge):
        script_text(notebook(tmp_path, code("x = 1\n" * (MAX_SCRIPT // 5))), "lesson.ipynb")
