"""The text of a script: a Python file as it is, or the code cells of a Jupyter notebook one after the other."""

import ast
import json
import warnings
from pathlib import Path
from typing import Any, Final

from app.messages.analysis import MAX_SCRIPT
from app.worker.imports.errors import NotPython, too_large

NOTEBOOK: Final = ".ipynb"
MAX_NOTEBOOK: Final = 64 * 2**20
"""Bytes of a notebook, whose pictures are in it; its code may be as long as any other script."""

_AROUND_PYTHON: Final = frozenset({"capture", "prun", "time", "timeit"})
"""Cell magics of IPython whose cell is still Python."""


def script_text(path: Path, filename: str) -> str:
    """Return the Python in the file at `path`; lines count from its first one, in a notebook from the first code cell.

    Raises `NotPython` for what is no text or no notebook, and `TooLarge`.
    """
    is_notebook = filename.lower().endswith(NOTEBOOK)
    size = path.stat().st_size
    if size > (MAX_NOTEBOOK if is_notebook else MAX_SCRIPT):
        raise too_large("notebook", size, MAX_NOTEBOOK) if is_notebook else too_large("script", size, MAX_SCRIPT)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotPython("This script is not text.", expected="Python in UTF-8", received=str(error)[:200]) from error
    if not is_notebook:
        return text
    code = "\n".join(map(_python, _code_cells(text)))
    if len(code) > MAX_SCRIPT:
        raise too_large("code of a notebook", len(code), MAX_SCRIPT)
    return code


def _code_cells(text: str) -> list[str]:
    """Return the source of each code cell (nbformat 4: a text, or a list of lines with their ends)."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_notebook(str(error)[:200]) from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise _no_notebook("no list of cells")
    return [_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise _no_notebook("a code cell that holds no text")
    return source


def _no_notebook(received: str) -> NotPython:
    return NotPython(
        "This is no notebook.",
        expected="a Jupyter notebook of format 4",
        received=received,
        hint="Open it in Jupyter and save it again, or save its code as a .py file.",
    )


def _python(cell: str) -> str:
    """Return a cell without the lines that only IPython reads: they are empty, so that all others keep their place."""
    if _is_python(cell):
        return cell
    lines = cell.split("\n")
    first = next((line for line in lines if line.strip()), "").strip()
    if first.startswith("%%") and first[2:].split(" ")[0] not in _AROUND_PYTHON:
        return "\n" * (len(lines) - 1)
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) or _asks(line) else line for line in lines)


def _asks(line: str) -> bool:
    """Return whether a line asks IPython for help: `keras.layers.Dense?`."""
    return line.rstrip().endswith("?") and "#" not in line


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
