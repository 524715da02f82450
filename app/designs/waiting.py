"""Work for a request that ends when nobody waits for its answer any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from fastapi import Request, Response

NOBODY_WAITS: Final = 499
"""The status of an answer that nobody receives: who asked has hung up."""


async def while_wanted(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Return what `work` answers. When the connection of `request` is closed before, `work` is cancelled."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        return Response(status_code=NOBODY_WAITS)
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    """Return when the connection is closed; what is left of the body is passed over."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
