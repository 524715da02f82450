"""The events of a run as they come: as JSON, one a line, or as a bar of epochs for a person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from app.cli.telling import OK, PROBLEMS, terminal


@contextmanager
def shown(as_json: bool) -> Iterator["Lines"]:
    if as_json:
        yield Lines()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bars = Bars(Progress(*columns, console=terminal()))
    try:
        yield bars
    finally:
        bars.close()


class Lines:
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


class Bars(Lines):
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
