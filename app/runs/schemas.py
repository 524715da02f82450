"""What the runs routes and the run socket send and receive."""

from datetime import datetime
from math import isfinite
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from app.accounts.principal import RoleWord
from app.accounts.schemas import Person
from app.graph.model import Problem
from app.messages.data import DatasetDescription
from app.messages.events import ProgressEvent, ReportEvent, RunEvent, RunState, StartedEvent

NotFinite = Literal["NaN", "Infinity", "-Infinity"]


def _as_json(number: float) -> float | NotFinite:
    if isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


LoggedNumber = Annotated[float, PlainSerializer(_as_json, return_type=float | NotFinite, when_used="json")]
"""A number that Keras logged; in JSON, which has no other way, NaN and the infinities are words."""

By = Literal["batch", "epoch"]


class VersionReference(BaseModel):
    id: str
    number: int


class RunSummary(BaseModel):
    """A run in a list. `epoch` is the last one that ended or the present one; `logs` are of the last one that ended."""

    id: str
    number: int
    name: str
    state: RunState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    dataset: str
    epochs: int
    epoch: int | None
    logs: dict[str, LoggedNumber] | None
    created_by: Person | None
    version: VersionReference | None


class LatestRun(BaseModel):
    """The newest run of a design, for its card."""

    design_id: str
    id: str
    number: int
    state: RunState


class ArtifactView(BaseModel):
    """A file of a run, for download under its name."""

    name: str
    bytes: int
    sha256: str


class RunDetail(RunSummary):
    """Everything about a run but its events and curves. `role` is what the asking person may do with its design."""

    model_config = ConfigDict(ser_json_inf_nan="strings")

    design_id: str
    role: RoleWord
    reason: str
    code: str
    node: str
    hint: str
    started: StartedEvent | None
    progress: ProgressEvent | None
    last_seq: int
    reports: list[ReportEvent]
    artifacts: list[ArtifactView]
    duration_seconds: float | None


class RunRename(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class RunDeleted(BaseModel):
    deleted: Literal[True] = True


class CommandQueued(BaseModel):
    """The command waits for the worker's next batch or heartbeat, which comes every second."""

    number: int


class Preflight(BaseModel):
    """Whether a design can be trained as it is, and what does not fit."""

    ready: bool
    problems: list[Problem]
    dataset: DatasetDescription | None


class NotReadyBody(BaseModel):
    """The 422 answer to starting a run that the pre-flight refuses."""

    code: Literal["not_ready"]
    message: str
    expected: str
    received: str
    hint: str
    problems: list[Problem]


class SeriesView(BaseModel):
    """One curve for a chart: columns of equal length, one entry a bucket.

    `count` is the number of points in the asked range. A bucket has its last step, the mean, minimum and maximum of
    its finite points, all null when it has none; the last steps of buckets that hold NaN or an infinity are in
    `not_finite`. When all points fit, each is a bucket of its own.
    """

    metric: str
    by: By
    count: int
    step: list[int]
    value: list[float | None]
    minimum: list[float | None]
    maximum: list[float | None]
    not_finite: list[int] = []


class SeriesAnswer(BaseModel):
    series: list[SeriesView]
    last_seq: int


class EventPage(BaseModel):
    """Stored events in order. `last_seq` is the run's last stored event, on this page or not."""

    events: list[RunEvent]
    last_seq: int


class EventsFrame(BaseModel):
    """A socket message: the events after the ones before; `last_seq` is the last one in it."""

    type: Literal["events"] = "events"
    events: list[RunEvent]
    last_seq: int


class RunFrame(BaseModel):
    """A socket message: the run has entered another state."""

    type: Literal["run"] = "run"
    run: RunDetail


RunSocketMessage = Annotated[EventsFrame | RunFrame, Field(discriminator="type")]
