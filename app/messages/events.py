"""Run events, worker -> server -> browser: a closed union, told apart by `event`, numbered by `seq`.

The trainer writes them without numbers; the launcher numbers them from 1 in its spool, and the key `(run, seq)` is
what makes sending them twice harmless. In JSON, NaN and the infinities are the strings "NaN", "Infinity" and
"-Infinity": a browser reads no other form, and pydantic reads them back as numbers.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter


class RunState(StrEnum):
    """Where a run is. `stalled` and `lost` are what the server says of a run it no longer hears."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STALLED = "stalled"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"


ENDED = frozenset({RunState.STOPPED, RunState.FINISHED, RunState.FAILED, RunState.LOST})


Count = Annotated[int, Field(ge=0, le=2**53)]
"""A number that a database and a browser hold exactly."""

Epoch = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A number of an epoch, or of epochs: any database holds it in a plain integer."""

Words = Annotated[str, Field(max_length=1_000_000)]
"""A text for people. An event may come from own code, so nothing in it is without an end."""

Label = Annotated[str, Field(max_length=10_000)]

Logs = Annotated[dict[Label, float], Field(max_length=10_000)]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")
    seq: Count = 0
    time: float = Field(ge=0, le=250_000_000_000, allow_inf_nan=False)
    """Seconds since 1970-01-01 UTC, before the year 9892."""


class StateEvent(_Event):
    """The run entered `state`. A failure carries its reason and, where there is one, the node to blame."""

    event: Literal["state"] = "state"
    state: RunState
    reason: Words = ""
    code: Label = ""
    node: Label = ""
    hint: Words = ""


class StartedEvent(_Event):
    """Data is loaded and the model is compiled: the first batch comes next."""

    event: Literal["started"] = "started"
    epochs: Epoch
    steps_per_epoch: Count | None
    batch_size: Count
    train_samples: Count
    validation_samples: Count
    test_samples: Count
    parameters: Count
    trainable_parameters: Count
    metrics: list[Label]
    """The names that will appear in `logs`, in Keras' order; the loss comes first."""
    defaults: dict[str, JsonValue] = {}
    """What the design left open and was chosen for it: loss, metrics, optimizer."""


class BatchEvent(_Event):
    """Metrics after a batch. `step` counts batches over the whole run from 1; `epoch` counts from 1."""

    event: Literal["batch"] = "batch"
    epoch: Epoch
    batch: Count
    step: Count
    logs: Logs


class EpochEvent(_Event):
    """Metrics after an epoch, `val_` ones included, in Keras' names."""

    event: Literal["epoch"] = "epoch"
    epoch: Epoch
    step: Count
    logs: Logs
    seconds: float
    learning_rate: float | None = None


class ProgressEvent(_Event):
    """How fast it goes, at most twice a second: milliseconds a step, samples a second, seconds left."""

    event: Literal["progress"] = "progress"
    epoch: Epoch
    step: Count
    step_ms: float
    samples_per_second: float
    eta_seconds: float | None
    learning_rate: float | None = None
    cpu_percent: float | None = None
    memory_bytes: Count | None = None


class LogEvent(_Event):
    event: Literal["log"] = "log"
    level: Literal["debug", "info", "warning", "error"] = "info"
    text: Words


class ReportEvent(_Event):
    """The closing report on one split, `validation` or `test`; the two are never mixed.

    Classification: `classes`, `confusion` (rows are true classes), `per_class` rows of precision, recall, f1, support.
    Regression: `points` of [true, predicted], at most 2,000. `metrics` are what `evaluate` returned.
    """

    event: Literal["report"] = "report"
    split: Literal["validation", "test"]
    kind: Literal["classification", "regression"]
    samples: Count
    metrics: Logs
    classes: list[str] = []
    confusion: list[list[int]] = []
    per_class: list[dict[str, JsonValue]] = []
    points: list[tuple[float, float]] = []


class ArtifactEvent(_Event):
    """A file of the run was written and checked: `name` is its label, `path` is inside the run's folder."""

    event: Literal["artifact"] = "artifact"
    name: Label
    path: Label
    bytes: Count
    sha256: Label


RunEvent = Annotated[
    StateEvent | StartedEvent | BatchEvent | EpochEvent | ProgressEvent | LogEvent | ReportEvent | ArtifactEvent,
    Field(discriminator="event"),
]

run_event: TypeAdapter[RunEvent] = TypeAdapter(RunEvent, config=ConfigDict(ser_json_inf_nan="strings"))
run_events: TypeAdapter[list[RunEvent]] = TypeAdapter(list[RunEvent], config=ConfigDict(ser_json_inf_nan="strings"))
