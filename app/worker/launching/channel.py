"""The trainer's end of the socket to its launcher: events out, commands in."""

import json
import os
import socket
import threading

from app.messages.events import RunState
from app.messages.jobs import JobSpec
from app.worker.training.callbacks import Control
from app.worker.training.outbox import Outbox
from app.worker.training.trainer import train


def train_over(job: JobSpec, channel: socket.socket) -> RunState:
    """Train `job`, writing events to `channel` and obeying the commands that arrive on it, until all is written.

    When the launcher is gone there is nobody to train for, and the process ends.
    """
    control = Control()
    outbox = Outbox(channel.sendall)
    threading.Thread(target=_hear, args=(channel, control), name="commands", daemon=True).start()
    state = train(job, outbox.put, control)
    outbox.close()
    return state


def _hear(channel: socket.socket, control: Control) -> None:
    with channel.makefile("rb") as lines:
        for line in lines:
            control.obey(json.loads(line))
    os._exit(1)
