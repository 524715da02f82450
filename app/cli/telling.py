"""What commands print for a person: errors, problems, what Keras made of a design."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.shared.errors import AppError

if TYPE_CHECKING:
    from rich.console import Console

OK, PROBLEMS, WRONG_USE = 0, 1, 2
"""Exit codes."""

Design = Annotated[Path, typer.Argument(metavar="DESIGN.JSON", help="A design file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
"""What several commands take."""


class WrongUse(AppError):
    """The command was given something it cannot start from."""

    code = "wrong_use"


def terminal(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def tell(error: AppError) -> None:
    console = terminal(stderr=True)
    console.print(error.message, style="bold red", markup=False, soft_wrap=True)
    for label, text in (("Expected", error.expected), ("Received", error.received), ("Hint", error.hint)):
        if text:
            console.print(f"{label}: {text}", markup=False, soft_wrap=True)


def show_problems(problems: list[dict[str, Any]], console: "Console") -> None:
    for problem in problems:
        style = {"error": "red", "warning": "yellow"}.get(problem["severity"], "")
        console.print(f"{problem['severity']}: {problem['message']}", style=style, markup=False, soft_wrap=True)
        for label in ("expected", "received", "hint"):
            if problem.get(label):
                console.print(f"  {label}: {problem[label]}", markup=False, soft_wrap=True)


def analysis_line(answer: dict[str, Any]) -> dict[str, Any]:
    node = ("id", "name", "class", "input_shapes", "output_shapes", "params", "trainable_params")
    problem = ("code", "severity", "node", "param", "message", "hint", "fix")
    return {
        "nodes": [{key: found[key] for key in node} for found in answer["nodes"]],
        "total_params": answer["total_params"],
        "trainable_params": answer["trainable_params"],
        "problems": [{key: found[key] for key in problem} for found in answer["problems"]],
    }


def show_analysis(answer: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("Layer", "Class", "Output", box=None, pad_edge=False)
    table.add_column("Parameters", justify="right")
    for node in answer["nodes"]:
        shapes = ", ".join(_shape(shape) for shape in node["output_shapes"].values())
        table.add_row(node["name"], node["class"], shapes, f"{node['params']:,}" if node["params"] else "")
    console = terminal()
    console.print(table)
    console.print(f"{answer['total_params']:,} parameters, {answer['trainable_params']:,} of them trainable")
    show_problems(answer["problems"], console)


def _shape(shape: list[int | None]) -> str:
    return "(" + ", ".join("None" if size is None else str(size) for size in shape) + ")"


def show_proof(proof: dict[str, Any]) -> None:
    differences = [output["largest_difference"] for output in proof["outputs"]]
    if differences:
        compared = f"{proof['samples']} samples, largest difference {max(differences):g}"
        terminal().print(f"Read back by {proof['read_by']}: {compared}", markup=False)
