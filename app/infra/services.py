"""What the composition root hands to the slices: the foreign and replaceable parts, each under one name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.infra.database import Database

if TYPE_CHECKING:
    from app.infra.analysis import AnalysisClient
    from app.infra.artifacts import ArtifactStore
    from app.infra.bus import EventBus
    from app.infra.jobs import JobEngine
    from app.infra.rooms import RoomClient
    from app.infra.sandbox import Sandboxes
    from app.infra.zygote import Zygote


@dataclass
class Services:
    """The parts of a running server. `url` is where people reach it; `folder` is its data folder.

    `keras_home` is the folder of Keras, with the data sets that it has downloaded. `egress_hosts` are those that runs
    may send metrics to.
    """

    url: str
    folder: Path
    address_file: Path
    upload_limit_bytes: int
    analysis_seconds: float
    keras_home: Path
    egress_hosts: list[str]
    secure: bool
    database: Database
    zygote: "Zygote"
    rooms: "RoomClient"
    analysis: "AnalysisClient"
    jobs: "JobEngine"
    bus: "EventBus"
    artifacts: "ArtifactStore"
    sandbox: "Sandboxes"

    @property
    def cookie(self) -> str:
        """The name of the session cookie; the `__Host-` prefix exists only under https."""
        return "__Host-layerloom" if self.secure else "layerloom"


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the application that serves `connection` (a request or a WebSocket)."""
    services: Services = connection.app.state.services
    return services


async def _transaction(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    async with services_of(connection).database.session() as session:
        yield session


Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""One transaction for one request, committed before the answer is sent, rolled back on any error.

Not for WebSockets, which live long: they open a short `services.database.session()` when they need one.
"""

Connected = Annotated[Services, Depends(services_of)]
"""The services, as a parameter of a route."""
