"""The `layerloom` command. Exit codes: 0 fine, 1 the design or data has problems, 2 wrong use.

`import`, `analyze`, `export`, `train` and `catalog` need no server: Keras runs in a child process. What a command does
not need is not imported, so that it starts quickly.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.shared.errors import AppError, NotFound, TooLarge

if TYPE_CHECKING:
    from rich.console import Console

    from app.document.model import GraphDocument
    from app.messages.data import DataSource
    from app.messages.jobs import JobSpec

OK, PROBLEMS, WRONG_USE = 0, 1, 2

app = typer.Typer(
    name="layerloom",
    help="Draw a Keras network, train it, watch it live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(users, name="user")


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


Design = Annotated[Path, typer.Argument(metavar="DESIGN.JSON", help="A design file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


class WrongUse(AppError):
    """The command was given something it cannot start from."""

    code = "wrong_use"


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; the next free one if taken.")] = None,
) -> None:
    """Serve the editor and print the link that signs you in."""
    from app.main import serve as run

    def announce(url: str, link: str, note: str) -> None:
        console = _console()
        if note:
            console.print(note)
        console.print(f"Layerloom is ready at [bold]{url}[/bold]")
        console.print(f"Open this link to sign in: {link}", soft_wrap=True)
        console.file.flush()

    run(host, port, announce, lambda words: typer.echo(f"Sandbox for own Python: {words}"))


@app.command()
def link() -> None:
    """Print a new link that signs the owner in; it works once."""
    from app.main import link as make

    typer.echo(make())


@users.command("link")
def link_user(name: Annotated[str, typer.Argument(help="The name of the teammate.")]) -> None:
    """Print a new sign-in link for a teammate; it works once."""
    from app.main import link as make

    typer.echo(make(name))


@users.command("add")
def add_user(name: Annotated[str, typer.Argument(help="The name of the teammate.")]) -> None:
    """Add a teammate and print their sign-in link, which works once."""
    from app.main import add_user as add

    typer.echo(add(name))


@users.command("allow-code")
def allow_code(
    name: Annotated[str, typer.Argument(help="The name of the teammate.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the permission away.")] = False,
) -> None:
    """Let a teammate run Python that was written for designs; it runs in the sandbox only."""
    from app.main import allow_code as allow

    allow(name, not revoke)
    typer.echo(f"{name} may {'no longer ' if revoke else ''}run code.")


@app.command("import")
def import_design(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A .keras or .h5 file, model.to_json(), a script or a design file.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the design.")],
) -> None:
    """Read a Keras model's architecture, or a design file, as a design; nothing in the file is executed."""
    from app.document.read import find_design_file

    _must_exist(source)
    own = find_design_file(source)
    if own is not None:
        _write(output, own.model_dump_json(indent=2) + "\n")
        _console().print(f"{output}: {len(own.layers)} layers", markup=False)
        return
    answer = _ask("import", {"path": str(source.resolve()), "filename": source.name})
    _write(output, json.dumps(answer["document"], indent=2, ensure_ascii=False) + "\n")
    console = _console()
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


@app.command()
def analyze(design: Design, as_json: AsJson = False) -> None:
    """Say what Keras makes of a design: shapes, parameters and problems."""
    answer = _ask("analyze", {"document": _read(design).model_dump(mode="json")})
    problems = answer["problems"]
    if as_json:
        typer.echo(json.dumps(_analysis_line(answer), ensure_ascii=False))
    else:
        _show_analysis(answer)
    raise typer.Exit(PROBLEMS if any(problem["severity"] == "error" for problem in problems) else OK)


@app.command()
def export(
    design: Design,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    export_format: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.KERAS,
    run: Annotated[str | None, typer.Option(help="Take the weights of this run.")] = None,
    bundle: Annotated[bool, typer.Option("--bundle", help="Write a zip of the file and of what was compared.")] = False,
) -> None:
    """Write a design as a file that is read back and compared before it is there."""
    document = _read(design)
    _refuse_problems(document)
    if not output.resolve().parent.is_dir():
        raise WrongUse("The folder to write into is not there.", expected=str(output.parent), received=str(output))
    source = _find_source(document.training.dataset)
    answer = _ask(
        "export",
        {
            "document": document.model_dump(mode="json"),
            "format": export_format.value,
            "path": str(output.resolve()),
            "weights": _weights_of(run) if run is not None else None,
            "data": source.model_dump(mode="json") if source is not None else None,
            "bundle": bundle,
        },
    )
    _console().print(f"{output}: {answer['bytes']:,} bytes, sha256 {answer['sha256']}", markup=False)
    _show_proof(answer["proof"])


def _show_proof(proof: dict[str, Any]) -> None:
    differences = [output["largest_difference"] for output in proof["outputs"]]
    if differences:
        compared = f"{proof['samples']} samples, largest difference {max(differences):g}"
        _console().print(f"Read back by {proof['read_by']}: {compared}", markup=False)


@app.command()
def train(
    design: Design,
    dataset: Annotated[str | None, typer.Option(help="A data set by name, or a .csv file.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="The target column of a .csv file; may be repeated.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=1_000_000)] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=1_000_000)] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1)] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A folder for the trained model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a design on a data set; Ctrl-C stops after the present batch."""
    from app.messages.jobs import JobSpec

    document = _read(design)
    source = _get_source(dataset or document.training.dataset, target or [])
    given = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None}
    fit = document.training.fit.model_copy(update=chosen)
    training = document.training.model_copy(update={"fit": fit, "dataset": dataset or document.training.dataset})
    document = document.model_copy(update={"training": training})
    _refuse_problems(document)
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="layerloom-")))
        folder.mkdir(parents=True, exist_ok=True)
        job = JobSpec(run_id="command-line", document=document, data=source, folder=str(folder.resolve()))
        raise typer.Exit(_train(job, as_json))


@app.command()
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
    _console().print(table)


@app.command()
def watch(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, as at the end of its address.")],
    as_json: AsJson = False,
) -> None:
    """Follow a run of this machine's server until it ends; what happened before is shown first."""
    import asyncio

    from app.infra.database import Database
    from app.runs.watch import follow
    from app.settings import Settings

    async def events() -> int:
        database = Database(Settings().database)
        try:
            with _shown(as_json) as show:
                async for event in follow(database, run):
                    show(event.model_dump(mode="json"))
                return show.status
        finally:
            await database.close()

    raise typer.Exit(asyncio.run(events()))


def main() -> None:
    """Run the command; errors go to stderr in words, never as a traceback."""
    try:
        app()
    except WrongUse as error:
        _tell(error)
        sys.exit(WRONG_USE)
    except AppError as error:
        _tell(error)
        sys.exit(PROBLEMS)
    except KeyboardInterrupt:
        sys.exit(130)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _tell(error: AppError) -> None:
    console = _console(stderr=True)
    console.print(error.message, style="bold red", markup=False, soft_wrap=True)
    for label, text in (("Expected", error.expected), ("Received", error.received), ("Hint", error.hint)):
        if text:
            console.print(f"{label}: {text}", markup=False, soft_wrap=True)


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise WrongUse("There is no such file.", expected="the path of a file", received=str(path))


def _read(path: Path) -> "GraphDocument":
    from app.document.read import MAX_BYTES, read_document

    _must_exist(path)
    if path.stat().st_size > MAX_BYTES:
        raise TooLarge(
            "This design file is too large.", expected="at most 16 MiB", received=f"{path.stat().st_size:,} bytes"
        )
    return read_document(path.read_bytes())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse("The file cannot be written.", expected="a path to write to", received=str(error)) from error


def _refuse_problems(document: "GraphDocument") -> None:
    """List what is wrong with a design and raise; nothing happens when nothing is."""
    from app.catalog.registry import load_catalog
    from app.graph.check import check

    errors = [problem for problem in check(document, load_catalog()) if problem.severity == "error"]
    if errors:
        _show_problems([problem.model_dump(mode="json") for problem in errors], _console(stderr=True))
        raise typer.Exit(PROBLEMS)


def _ask(command: str, request: dict[str, Any]) -> Any:
    """Return what the worker answers to `request`; raise its refusal."""
    done = subprocess.run(
        [sys.executable, "-m", "app.worker", command],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
    )
    answer = _last_object(done.stdout)
    if "ok" in answer:
        return answer["ok"]
    refusal = answer.get("refusal")
    if refusal is None:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise AppError("The worker ended without an answer.", received=" ".join(last) or f"status {done.returncode}")
    raise AppError(refusal["message"], expected=refusal["expected"], received=refusal["received"], hint=refusal["hint"])


def _last_object(output: bytes) -> dict[str, Any]:
    for line in reversed(output.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _find_source(dataset: str | None) -> "DataSource | None":
    from app.datasets.builtin import BUILTIN

    return BUILTIN[dataset].source if dataset in BUILTIN else None


def _get_source(dataset: str | None, targets: list[str]) -> "DataSource":
    from app.datasets.builtin import BUILTIN
    from app.messages.data import CsvOptions, CsvSource

    if dataset is not None and dataset.lower().endswith(".csv"):
        path = Path(dataset)
        _must_exist(path)
        found = _ask("analyze", {"request": "inspect_table", "path": str(path.resolve())})
        options = CsvOptions.model_validate({**found["options"], **({"targets": targets} if targets else {})})
        return CsvSource(path=str(path.resolve()), options=options)
    source = _find_source(dataset)
    if source is None:
        raise WrongUse(
            "The design names no data set." if dataset is None else "There is no data set of this name.",
            expected=", ".join(BUILTIN) + ", or the path of a .csv file",
            received="nothing" if dataset is None else repr(dataset),
            hint="Name one with --dataset.",
        )
    return source


def _weights_of(run: str) -> str:
    from app.settings import Settings

    folder = Settings().folder / "runs"
    path = folder / run / "model.keras"
    if path.parent.parent != folder or not path.is_file():
        raise NotFound(
            "There is no trained model of this run on this machine.", expected=str(folder / "RUN"), received=repr(run)
        )
    return str(path)


def _analysis_line(answer: dict[str, Any]) -> dict[str, Any]:
    node = ("id", "name", "class", "input_shapes", "output_shapes", "params", "trainable_params")
    problem = ("code", "severity", "node", "param", "message", "hint", "fix")
    return {
        "nodes": [{key: found[key] for key in node} for found in answer["nodes"]],
        "total_params": answer["total_params"],
        "trainable_params": answer["trainable_params"],
        "problems": [{key: found[key] for key in problem} for found in answer["problems"]],
    }


def _show_analysis(answer: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("Layer", "Class", "Output", box=None, pad_edge=False)
    table.add_column("Parameters", justify="right")
    for node in answer["nodes"]:
        shapes = ", ".join(_shape(shape) for shape in node["output_shapes"].values())
        table.add_row(node["name"], node["class"], shapes, f"{node['params']:,}" if node["params"] else "")
    console = _console()
    console.print(table)
    console.print(f"{answer['total_params']:,} parameters, {answer['trainable_params']:,} of them trainable")
    _show_problems(answer["problems"], console)


def _shape(shape: list[int | None]) -> str:
    return "(" + ", ".join("None" if size is None else str(size) for size in shape) + ")"


def _show_problems(problems: list[dict[str, Any]], console: "Console") -> None:
    for problem in problems:
        style = {"error": "red", "warning": "yellow"}.get(problem["severity"], "")
        console.print(f"{problem['severity']}: {problem['message']}", style=style, markup=False, soft_wrap=True)
        for label in ("expected", "received", "hint"):
            if problem.get(label):
                console.print(f"  {label}: {problem[label]}", markup=False, soft_wrap=True)


def _train(job: "JobSpec", as_json: bool) -> int:
    """Train in a child process and show its events; return the exit status."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.worker", "train"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with _interrupts_left_to_the_trainer(), _shown(as_json) as show:
            process.stdin.write(job.model_dump_json().encode())
            process.stdin.close()
            for line in process.stdout:
                show(json.loads(line))
            status = process.wait()
        if not show.ended:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
            raise AppError("The trainer ended without a result.", received=" ".join(last) or f"status {status}")
        return show.status


@contextmanager
def _interrupts_left_to_the_trainer() -> Iterator[None]:
    """Ctrl-C reaches the child too, which stops properly; the parent goes on listening to it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown(as_json: bool) -> Iterator["_Lines"]:
    if as_json:
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bars = _Bars(Progress(*columns, console=_console()))
    try:
        yield bars
    finally:
        bars.close()


class _Lines:
    """Prints events as they are, one a line, and keeps how the run ended."""

    ended = False
    status = OK

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] == "state" and event["state"] in {"stopped", "finished", "failed", "lost"}:
            self.ended = True
            self.status = PROBLEMS if event["state"] in {"failed", "lost"} else OK
        self._show(event)

    def _show(self, event: dict[str, Any]) -> None:
        typer.echo(json.dumps(event, ensure_ascii=False))


class _Bars(_Lines):
    """Shows events for a person: a bar of epochs, a line for each."""

    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=None)
        self._begun = False

    def close(self) -> None:
        if self._begun:
            self._progress.stop()

    def _show(self, event: dict[str, Any]) -> None:
        if not self._begun:
            self._begun = True
            self._progress.start()
        match event:
            case {"event": "started"}:
                self._started(event)
            case {"event": "progress"}:
                rate = f"{event['step_ms']:.1f} ms/step, {event['samples_per_second']:,.0f} samples/s"
                self._progress.update(self._task, description=f"epoch {event['epoch']}  {rate}")
            case {"event": "epoch"}:
                self._say(f"epoch {event['epoch']}: {_numbers(event['logs'])}")
                self._progress.update(self._task, completed=event["epoch"])
            case {"event": "log"}:
                self._say(event["text"])
            case {"event": "report"}:
                self._say(f"{event['split']}: {_numbers(event['metrics'])} ({event['samples']:,} samples)")
            case {"event": "artifact"}:
                self._say(f"saved {event['path']} ({event['bytes']:,} bytes)")
            case {"event": "state"}:
                self._state(event)

    def _started(self, event: dict[str, Any]) -> None:
        self._progress.update(self._task, total=event["epochs"], description="epoch 1")
        self._say(
            f"{event['train_samples']:,} samples to train, {event['validation_samples']:,} to validate, "
            f"{event['test_samples']:,} to test; {event['parameters']:,} parameters"
        )
        for name, value in event["defaults"].items():
            self._say(f"{name}: {value if isinstance(value, str) else json.dumps(value)} (chosen to fit)")

    def _state(self, event: dict[str, Any]) -> None:
        self._progress.update(self._task, description=event["state"])
        reason = " ".join(filter(None, (event.get("reason", ""), event.get("hint", ""))))
        if reason or event["state"] == "failed":
            self._say(f"{event['state']}: {reason}")

    def _say(self, text: str) -> None:
        self._progress.console.print(text, markup=False)


def _numbers(logs: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in logs.items() if isinstance(value, int | float))


if __name__ == "__main__":
    main()
