"""Design files on the command line: read, written and refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.telling import PROBLEMS, WrongUse, show_problems, terminal
from app.shared.errors import TooLarge

if TYPE_CHECKING:
    from app.document.model import GraphDocument


def must_exist(path: Path) -> None:
    if not path.is_file():
        raise WrongUse("There is no such file.", expected="the path of a file", received=str(path))


def read_design(path: Path) -> "GraphDocument":
    from app.document.read import MAX_BYTES, read_document

    must_exist(path)
    if path.stat().st_size > MAX_BYTES:
        raise TooLarge(
            "This design file is too large.", expected="at most 16 MiB", received=f"{path.stat().st_size:,} bytes"
        )
    return read_document(path.read_bytes())


def write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse("The file cannot be written.", expected="a path to write to", received=str(error)) from error


def refuse_problems(document: "GraphDocument") -> None:
    """List what is wrong with a design and raise; nothing happens when nothing is."""
    from app.catalog.own import catalog_for
    from app.graph.check import check

    errors = [problem for problem in check(document, catalog_for(document)) if problem.severity == "error"]
    if errors:
        show_problems([problem.model_dump(mode="json") for problem in errors], terminal(stderr=True))
        raise typer.Exit(PROBLEMS)
