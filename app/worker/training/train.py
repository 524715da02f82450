"""`python -m app.worker train`: one job from standard input, its events as JSON lines on standard output.

The same trainer as a run, without a server: Ctrl-C stops after the present batch and saves the model; a second
Ctrl-C ends at once.
"""

import json
import os
import signal
import sys
from typing import Any

from pydantic import ValidationError

from app.messages.events import RunState
from app.messages.jobs import JobSpec


def command(_name: str, _arguments: list[str]) -> int:
    """Train the job on standard input; 0 when it finished or was stopped, 1 when it failed, 2 when it is no job."""
    try:
        job = JobSpec.model_validate_json(sys.stdin.read())
    except ValidationError as error:
        print(f"Expected a job as JSON on standard input. {error}", file=sys.stderr)
        return 2
    return 1 if _train(job) is RunState.FAILED else 0


def _train(job: JobSpec) -> RunState:
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    numbers = _Numbers(output)
    numbers.write(b'{"event": "state", "time": %f, "state": "starting"}\n' % _now())
    from app.worker.training.callbacks import Control
    from app.worker.training.outbox import Outbox
    from app.worker.training.trainer import train

    control = Control()

    def interrupt(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        control.obey({"command": "stop"})

    signal.signal(signal.SIGINT, interrupt)
    outbox = Outbox(numbers.write)
    state = train(job, outbox.put, control)
    outbox.close()
    output.close()
    return state


def _now() -> float:
    from app.shared.clock import now

    return now().timestamp()


class _Numbers:
    """Numbers event lines from 1 and writes them; the trainer's own notes to its launcher are left out."""

    def __init__(self, output: Any) -> None:
        self.output = output
        self.seq = 0

    def write(self, lines: bytes) -> None:
        numbered = []
        for line in lines.splitlines():
            event = json.loads(line)
            if event["event"] == "closing":
                continue
            self.seq += 1
            numbered.append(json.dumps({"seq": self.seq, **event}) + "\n")
        self.output.write("".join(numbered).encode())
