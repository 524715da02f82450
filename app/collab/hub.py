"""All open designs of this server, and the watch over who may still have them open."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from app.accounts.principal import Role
from app.collab import protocol
from app.collab.desk import Analyses, Desk
from app.collab.outbox import READ_ONLY, REPLACED, RESTARTED, REVOKED, Outbox
from app.infra.rooms import Listener, RoomClient
from app.infra.services import Services
from app.shared.errors import AppError

log = logging.getLogger(__name__)

RECHECK_SECONDS: Final = 2.0

FindRole = Callable[[], Awaitable[Role]]
"""Says what somebody may do now; raises `AppError` when it is nothing any more."""


class Hub:
    """The desks of the designs that somebody has open, and whatever sockets stand at them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.analyses = Analyses()
        self._desks: dict[str, Desk] = {}
        self._guarded: dict[Outbox, tuple[Role, FindRole]] = {}
        self._listener = Listener(on_change=self._on_change, on_replaced=self._on_replaced)
        services.rooms.listeners.append(self._listener)

    @contextlib.contextmanager
    def at_desk(self, design_id: str) -> Iterator[Desk]:
        """Be at the desk of a design: everybody who is there at one time, or waits to join, is at the same one."""
        desk = self._desks.get(design_id)
        if desk is None:
            desk = Desk(design_id, self.services, self.analyses, self._tidy)
            self._desks[design_id] = desk
        desk.visits += 1
        try:
            yield desk
        finally:
            desk.visits -= 1
            self._tidy(desk)

    def _tidy(self, desk: Desk) -> None:
        if desk.idle and self._desks.get(desk.design_id) is desk:
            del self._desks[desk.design_id]

    def _on_change(self, design_id: str, epoch: str, change: bytes) -> None:
        with self.at_desk(design_id) as desk:
            desk.broadcast(protocol.update(change))
            desk.touch()

    def _on_replaced(self, design_id: str, epoch: str) -> None:
        with self.at_desk(design_id) as desk:
            for editor in desk.editors:
                editor.outbox.close(REPLACED, "An older version was restored.")
            desk.touch()

    @contextlib.contextmanager
    def guarded(self, outbox: Outbox, role: Role, find_role: FindRole) -> Iterator[None]:
        """Have a socket closed within seconds when its role changes or ends."""
        self._guarded[outbox] = (role, find_role)
        try:
            yield
        finally:
            del self._guarded[outbox]

    async def guard(self) -> None:
        """Check again and again whether everybody may still be here."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            for outbox, (role, find_role) in list(self._guarded.items()):
                try:
                    await _check(outbox, role, find_role)
                except Exception:
                    log.exception("a socket's role could not be checked")

    async def close(self) -> None:
        """Take the last snapshots, and send everybody away."""
        self.services.rooms.listeners.remove(self._listener)
        _hubs.pop(self.services.rooms, None)
        await asyncio.gather(*(desk.close() for desk in list(self._desks.values())))


async def _check(outbox: Outbox, role: Role, find_role: FindRole) -> None:
    try:
        present = await find_role()
    except AppError as error:
        outbox.close(REVOKED, error.message)
        return
    if present < role:
        outbox.close(READ_ONLY, "You may now look at this design, not change it.")
    elif present > role:
        outbox.close(RESTARTED, "You may now do more with this design.")


_hubs: dict[RoomClient, Hub] = {}


def hub_of(services: Services) -> Hub:
    """Return the one hub of a running server, which its `close` forgets."""
    hub = _hubs.get(services.rooms)
    if hub is None:
        hub = _hubs[services.rooms] = Hub(services)
    return hub
