"""Commands about design files and the catalog; none needs a server."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.asking import ask
from app.cli.files import must_exist, read_design, refuse_problems, write_text
from app.cli.sources import find_source, get_source, weights_of
from app.cli.telling import OK, PROBLEMS, AsJson, Design, WrongUse, analysis_line, show_analysis, show_proof, terminal


class ExportFormat(StrEnum):
    KERAS = "keras"
    H5 = "h5"
    WEIGHTS = "weights"
    JSON = "json"
    PYTHON = "python"
    NOTEBOOK = "notebook"
    SAVEDMODEL = "savedmodel"
    ONNX = "onnx"
    LITERT = "litert"
    SUMMARY = "summary"
    PLOT_PNG = "plot_png"
    PLOT_SVG = "plot_svg"


def import_design(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="A .keras or .h5 file, model.to_json(), a script or notebook, a design."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the design.")],
) -> None:
    """Read a Keras model's architecture, or a design file, as a design; nothing in the file is executed."""
    from app.document.read import find_design_file

    must_exist(source)
    own = find_design_file(source)
    if own is not None:
        write_text(output, own.model_dump_json(indent=2) + "\n")
        terminal().print(f"{output}: {len(own.layers)} layers", markup=False)
        return
    answer = ask("import", {"path": str(source.resolve()), "filename": source.name})
    write_text(output, json.dumps(answer["document"], indent=2, ensure_ascii=False) + "\n")
    console = terminal()
    for layer in answer["layers"]:
        if layer["outcome"] != "ok":
            console.print(f"{layer['name']} ({layer['class_name']}): {layer['outcome']}. {layer['note']}", markup=False)
    for note in answer["notes"]:
        console.print(note, markup=False)
    counts = {
        name: sum(layer["outcome"] == name for layer in answer["layers"]) for name in ("converted", "placeholder")
    }
    told = "".join(f", {count} {name}" for name, count in counts.items() if count)
    console.print(f"{output}: {len(answer['layers'])} layers{told}", markup=False)


def analyze(design: Design, as_json: AsJson = False) -> None:
    """Say what Keras makes of a design: shapes, parameters and problems."""
    answer = ask("analyze", {"document": read_design(design).model_dump(mode="json")})
    problems = answer["problems"]
    if as_json:
        typer.echo(json.dumps(analysis_line(answer), ensure_ascii=False))
    else:
        show_analysis(answer)
    raise typer.Exit(PROBLEMS if any(problem["severity"] == "error" for problem in problems) else OK)


def export(
    design: Design,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    export_format: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.KERAS,
    run: Annotated[str | None, typer.Option(help="Take the weights of this run.")] = None,
    dataset: Annotated[str | None, typer.Option(help="What a script trains on: a data set or a .csv file.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="The target column of a .csv file; may be repeated.")] = None,
    bundle: Annotated[bool, typer.Option("--bundle", help="Write a zip of the file and of what was compared.")] = False,
) -> None:
    """Write a design as a file that is read back and compared before it is there."""
    document = read_design(design)
    refuse_problems(document)
    if not output.resolve().parent.is_dir():
        raise WrongUse("The folder to write into is not there.", expected=str(output.parent), received=str(output))
    source = get_source(dataset, target or []) if dataset is not None else find_source(document.training.dataset)
    answer = ask(
        "export",
        {
            "document": document.model_dump(mode="json"),
            "format": export_format.value,
            "path": str(output.resolve()),
            "weights": weights_of(run) if run is not None else None,
            "data": source.model_dump(mode="json") if source is not None else None,
            "bundle": bundle,
        },
    )
    terminal().print(f"{output}: {answer['bytes']:,} bytes, sha256 {answer['sha256']}", markup=False)
    show_proof(answer["proof"])


def catalog(
    query: Annotated[str, typer.Argument(help="Words to search for: a name, an alias or a purpose.")] = "",
    kind: Annotated[str | None, typer.Option(help="layers, optimizers, losses, metrics, callbacks, ...")] = None,
    as_json: AsJson = False,
) -> None:
    """List what a design can use."""
    from app.catalog.model import Kind
    from app.catalog.registry import search

    if kind is not None and kind not in set(Kind):
        raise WrongUse("The catalog has no such kind.", expected=", ".join(Kind), received=repr(kind))
    found = search(query, kind)
    if as_json:
        for spec in found:
            typer.echo(json.dumps(spec.model_dump(mode="json"), ensure_ascii=False))
        return
    from rich.table import Table

    table = Table("Name", "Kind", "Category", "Summary", box=None, pad_edge=False)
    for spec in found:
        table.add_row(spec.name, spec.kind.value, spec.category, spec.summary.split("\n")[0])
    terminal().print(table)
