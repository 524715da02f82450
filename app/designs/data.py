"""What a design trains on, for its script. The room that keeps uploaded tables declares how one is found; this room
does not know it."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.infra.services import Services
from app.messages.data import BundledSource, DataSource, KerasSource, TargetSpec

_BUNDLED: Final = frozenset({"digits", "iris", "wine", "breast_cancer", "diabetes"})


class TrainingData(NamedTuple):
    """Where the data of a design is, and what it turned out to hold, as far as that is known."""

    source: DataSource
    target: TargetSpec | None = None


Tables = Callable[[Services, AsyncSession, Principal, str], Awaitable[TrainingData | None]]
"""Given the name of a data set, answers what is known of that uploaded table, or None when there is none to be seen."""

_tables: list[Tables] = []


def declare_tables(tables: Tables) -> None:
    """Have `tables` asked for the uploaded tables of designs."""
    if tables not in _tables:
        _tables.append(tables)


async def find_data(services: Services, principal: Principal, dataset: str | None) -> TrainingData | None:
    """Return the data called `dataset`; None for none, and for an upload that is gone or not the principal's to see.

    The holder of a share link sees no uploaded table, and so none of the names of its columns.
    """
    if dataset is None:
        return None
    if not dataset.startswith("upload:"):
        return TrainingData(BundledSource(name=dataset) if dataset in _BUNDLED else KerasSource(name=dataset))
    if principal.user_id is None:
        return None
    async with services.database.session() as session:
        for tables in _tables:
            found = await tables(services, session, principal, dataset)
            if found is not None:
                return found
    return None
