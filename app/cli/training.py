"""`layerloom train`: a run without a server."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.events import shown
from app.cli.files import read_design, refuse_problems
from app.cli.sources import get_source
from app.cli.telling import AsJson, Design
from app.shared.errors import AppError

if TYPE_CHECKING:
    from app.messages.jobs import JobSpec


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
    from app.settings import Settings

    document = read_design(design)
    source = get_source(dataset or document.training.dataset, target or [])
    given = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None}
    fit = document.training.fit.model_copy(update=chosen)
    training = document.training.model_copy(update={"fit": fit, "dataset": dataset or document.training.dataset})
    document = document.model_copy(update={"training": training})
    refuse_problems(document)
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="layerloom-")))
        folder.mkdir(parents=True, exist_ok=True)
        job = JobSpec(
            run_id="command-line",
            document=document,
            data=source,
            folder=str(folder.resolve()),
            egress_hosts=Settings().allowed_hosts,
        )
        raise typer.Exit(_train(job, as_json))


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
        with _interrupts_left_to_the_trainer(), shown(as_json) as show:
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
