"""What the server gives a run's launcher, and what it answers to the launcher's batches."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.document.model import GraphDocument
from app.messages.data import DataSource
from app.messages.events import RunEvent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")


class SandboxOrder(_Strict):
    """How a run is confined that executes Python of its design; limits are in bytes and seconds.

    `keras_home` is where Keras' data sets lie.
    """

    tier: Literal["bubblewrap", "landlock"]
    memory_bytes: int = Field(gt=0)
    disk_bytes: int = Field(default=4 * 2**30, gt=0)
    told_bytes: int = Field(default=2**30, gt=0)
    seconds: float = Field(default=24 * 3600.0, gt=0)
    keras_home: str = ""


class JobSpec(_Strict):
    """Everything one run needs; written as `job.json` in the run's folder.

    `address_file` names a file that holds the server's present URL, read again whenever a send fails, so that a
    restarted server on another port is found. `token` lets the launcher post events of this attempt and nothing else.
    `egress_hosts` are those that the run may send metrics to (`app.messages.egress`). `weights` says where the weights
    lie that the design names to start from, keyed `upload:ID` or `run:ID`. With `sandbox` the trainer is confined, as
    it must be when the design has code of its own.
    """

    run_id: str
    attempt: int = 1
    document: GraphDocument
    data: DataSource
    folder: str
    address_file: str | None = None
    token: str = ""
    egress_hosts: list[str] = []
    weights: dict[str, str] = {}
    sandbox: SandboxOrder | None = None


class EventBatch(_Strict):
    """`POST /api/worker/runs/{run_id}/events`; an empty batch is a heartbeat."""

    attempt: int = Field(ge=1, le=2**31 - 1)
    events: list[RunEvent] = Field(default=[], max_length=5_000)
    carried: int = Field(default=0, ge=0, le=2**31 - 1)
    """The number of the last command that was carried out; later ones are sent (again) in the answer."""


class StopCommand(_Strict):
    """Stop after the present batch, save the model, report, end as `stopped`."""

    command: Literal["stop"] = "stop"


class PauseCommand(_Strict):
    command: Literal["pause"] = "pause"


class ResumeCommand(_Strict):
    command: Literal["resume"] = "resume"


class SetLearningRateCommand(_Strict):
    command: Literal["set_learning_rate"] = "set_learning_rate"
    learning_rate: float = Field(gt=0, le=1e6)


Command = Annotated[StopCommand | PauseCommand | ResumeCommand | SetLearningRateCommand, Field(discriminator="command")]


class NumberedCommand(_Strict):
    """Commands are numbered too: the launcher names the last one it carried out, older ones are not sent again."""

    number: int
    command: Command


class BatchAnswer(_Strict):
    """Events up to `acknowledged` are stored; `commands` are to be carried out in order."""

    acknowledged: int
    commands: list[NumberedCommand] = []
