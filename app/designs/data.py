"""What a design trains on, for its script. The room that keeps uploaded tables declares how one is found; this room
does not know it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.catalog.own import catalog_for
from app.document.model import GraphDocument
from app.graph.demand import Demand, read_demand
from app.infra.services import Services
from app.messages.data import BundledSource, DataSource, KerasSource, TargetSpec

_BUNDLED: Final = frozenset({"digits", "iris", "wine", "breast_cancer", "diabetes"})


class TrainingData(NamedTuple):
    """Where the data of a design is, and what it holds for the design's Outputs to learn, as far as that is known."""

    source: DataSource
    targets: Mapping[str, TargetSpec] = MappingProxyType({})


Tables = Callable[[Services, AsyncSession, Principal, str, Demand], Awaitable[TrainingData | None]]
"""Given the name of a data set and what a design wants of it, answers what is known of that uploaded table, or None
when there is none to be seen."""

_tables: list[Tables] = []


def declare_tables(tables: Tables) -> None:
    """Have `tables` asked for the uploaded tables of designs."""
    if tables not in _tables:
        _tables.append(tables)


async def find_data(services: Services, principal: Principal, document: GraphDocument) -> TrainingData | None:
    """Return the data of a design; None for none, and for an upload that is gone or not the principal's to see.

    The holder of a share link sees no uploaded table, and so none of the names of its columns.
    """
    name = document.training.dataset
    if name is None:
        return None
    if not name.startswith("upload:"):
        return TrainingData(BundledSource(name=name) if name in _BUNDLED else KerasSource(name=name))
    if principal.user_id is None:
        return None
    demand = await asyncio.to_thread(read_demand, document, catalog_for(document))
    async with services.database.session() as session:
        for tables in _tables:
            found = await tables(services, session, principal, name, demand)
            if found is not None:
                return found
    return None
