"""What the collab slice does beside the requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.collab.hub import hub_of
from app.infra.services import Services


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Guard the open sockets; take the last snapshots when the server ends."""
    hub = hub_of(services)
    guard = asyncio.create_task(hub.guard(), name="guard of open sockets")
    try:
        yield
    finally:
        guard.cancel()
        await asyncio.gather(guard, return_exceptions=True)
        await hub.close()
