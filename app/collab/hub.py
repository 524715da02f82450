"""All open designs of this server, and the watch over who may still have them open."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Final
from weakref import WeakKeyDictionary

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

    def desk(self, design_id: str) -> Desk:
        """Return the desk of a design, opened if it is not."""
        desk = self._desks.get(design_id)
        if desk is None:
            desk = Desk(design_id, self.services, self.analyses, lambda: self._tidy(design_id))
            self._desks[design_id] = desk
        return desk

    def _tidy(self, design_id: str) -> None:
        desk = self._desks.get(design_id)
        if desk is not None and desk.idle:
            del self._desks[design_id]

    def _on_change(self, design_id: str, epoch: str, change: bytes) -> None:
        desk = self.desk(design_id)
        desk.broadcast(protocol.update(change))
        desk.touch()

    def _on_replaced(self, design_id: str, epoch: str) -> None:
        desk = self.desk(design_id)
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
        self.services.rooms.listeners.remove(self._listener)
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


_hubs: WeakKeyDictionary[RoomClient, Hub] = WeakKeyDictionary()


def hub_of(services: Services) -> Hub:
    """Return the one hub of a running server."""
    hub = _hubs.get(services.rooms)
    if hub is None:
        hub = _hubs[services.rooms] = Hub(services)
    return hub
