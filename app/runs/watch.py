"""Following a run from the machine of the server, as `layerloom watch` does: from the database, by nobody's leave."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from app.infra.database import Database
from app.messages.events import RunEvent, run_event
from app.runs import repository
from app.shared.errors import NotFound

LOOK_SECONDS: Final = 0.2
PAGE: Final = 1_000


async def follow(database: Database, run_id: str, after: int = 0) -> AsyncIterator[RunEvent]:
    """Yield the events of a run after number `after`, then new ones, until the run has ended.

    Raises `NotFound` when there is no such run.
    """
    while True:
        async with database.session() as session:
            present = await repository.find_state(session, run_id)
            lines = await repository.read_events(session, run_id, after, PAGE)
        if present is None:
            raise NotFound(
                "There is no such run.",
                expected="the id of a run, as its address in the browser ends",
                received=run_id[:64],
            )
        for line in lines:
            event = run_event.validate_json(line)
            after = event.seq
            yield event
        if not lines and present.state in repository.ENDED_WORDS and after >= present.last_seq:
            return
        if not lines:
            await asyncio.sleep(LOOK_SECONDS)
