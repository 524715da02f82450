"""The watcher: keeps the states of runs truthful while their workers are silent.

It ends nothing that lives. A server that starts picks up the runs it finds: their silence counts from its start.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from app.infra.jobs import JobStatus
from app.infra.services import Services
from app.messages.events import RunState
from app.runs import launch, repository, service
from app.runs.tables import Run
from app.shared.clock import now

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
STALLED_SECONDS: Final = 15.0
LOST_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
"""How long a stop command may wait to be fetched before the worker is ended from outside."""


def judge(silence: float, *, alive: bool) -> RunState | None:
    """Return what to say of a run that was not heard for `silence` seconds; None while nothing is to be said.

    `alive` is whether its process exists, as far as the job engine knows.
    """
    if silence >= LOST_SECONDS or not alive:
        return RunState.LOST
    return RunState.STALLED if silence >= STALLED_SECONDS else None


class Watcher:
    """Looks at every live run once a second."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.since = now()

    async def run(self) -> None:
        """Look until cancelled; a fault is logged and the next look comes."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("could not look after the runs")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Mark silent runs as stalled or lost, and end those that do not fetch a stop."""
        async with self.services.database.session() as session:
            live = await repository.find_live_runs(session)
        for run in live:
            if not launch.is_starting(run.id):
                try:
                    await self._look_at(run)
                except Exception:
                    log.exception("could not look after run %s", run.id)

    async def _look_at(self, run: Run) -> None:
        alive = await self.services.jobs.status(run.id) is JobStatus.ALIVE
        silence = (now() - max(run.last_heard, self.since)).total_seconds()
        if await self._stop_is_overdue(run):
            await self.services.jobs.cancel(run.id)
            await self._say(run, RunState.STOPPED, "It did not answer to Stop and was ended.", "not_answering")
            return
        state = judge(silence, alive=alive)
        if not alive and await launch.recover(self.services, run):
            return
        if state is RunState.LOST:
            reason = "Its process has ended." if not alive else f"Nothing was heard for {LOST_SECONDS:.0f} seconds."
            await self._say(run, state, reason, "process_gone" if not alive else "not_heard")
        elif state is RunState.STALLED and run.state != RunState.STALLED:
            await self._say(run, state, f"Nothing was heard for {STALLED_SECONDS:.0f} seconds.", "not_heard")

    async def _stop_is_overdue(self, run: Run) -> bool:
        async with self.services.database.session() as session:
            stop = await repository.find_waiting_stop(session, run.id)
        return stop is not None and _seconds_since(max(stop.created_at, self.since)) >= STOP_SECONDS

    async def _say(self, run: Run, state: RunState, reason: str, code: str) -> None:
        """Set the state unless the worker was heard meanwhile."""
        ended = {"ended_at": now()} if state is not RunState.STALLED else {}
        hint = "What was stored until then is kept. Start another run." if ended else ""
        async with self.services.database.session() as session:
            said = await repository.end_silent_run(
                session, run, state=state.value, reason=reason, code=code, hint=hint, **ended
            )
        if said:
            await self.services.bus.publish(service.topic(run.id), state.value)


def _seconds_since(moment: datetime) -> float:
    return (now() - moment).total_seconds()


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Look after the runs while the context is entered."""
    task = asyncio.create_task(Watcher(services).run(), name="run watcher")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
