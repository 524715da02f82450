"""The editing socket, and what Keras says while one edits."""

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.accounts.policy import PolicyFirst
from app.accounts.principal import Role
from app.collab.editor import Editor
from app.collab.hub import FindRole, hub_of
from app.collab.outbox import Outbox
from app.collab.own_code import router as own_code_router
from app.designs.access import DesignAccess, DesignPolicy
from app.designs.schemas import Diagnostics
from app.infra.services import Connected, services_of

router = APIRouter(tags=["collab"], route_class=PolicyFirst)
router.include_router(own_code_router)

view = DesignPolicy(Role.VIEWER)
Viewer = Annotated[DesignAccess, Depends(view)]


@router.get("/api/designs/{design_id}/diagnostics")
async def read_diagnostics(access: Viewer, services: Connected) -> Diagnostics:
    """Return what Keras says of the design as it is now; `analyzing` while it has not said everything."""
    with hub_of(services).at_desk(access.design_id) as desk:
        await desk.look()
        return desk.diagnostics


@router.websocket("/api/designs/{design_id}/sync")
async def edit(
    socket: WebSocket, access: Viewer, services: Connected, ack: Annotated[int, Query(ge=0, le=1)] = 0
) -> None:
    """Speak y-protocols with the design's room: any Yjs client may join. Viewers receive and never send edits."""
    await socket.accept()
    hub = hub_of(services)
    with hub.at_desk(access.design_id) as desk:
        editor = Editor(socket, desk, access, ack=bool(ack))
        with hub.guarded(editor.outbox, access.role, _find_role(socket)):
            await editor.serve()


@router.websocket("/api/designs/{design_id}/diagnostics")
async def watch_diagnostics(socket: WebSocket, access: Viewer, services: Connected) -> None:
    """Send `Diagnostics` as JSON text, now and whenever they change."""
    await socket.accept()
    hub = hub_of(services)
    outbox = Outbox(socket)
    tasks = [asyncio.create_task(part) for part in (_until_gone(socket), outbox.deliver(), outbox.closed())]
    with hub.at_desk(access.design_id) as desk, hub.guarded(outbox, Role.VIEWER, _find_viewer(socket)):
        desk.watch(outbox)
        try:
            await desk.look()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            desk.unwatch(outbox)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if outbox.closing:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(*await outbox.closed())


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _find_role(socket: WebSocket) -> FindRole:
    async def find_role() -> Role:
        async with services_of(socket).database.session() as session:
            return (await view.authorize(socket, session)).role

    return find_role


def _find_viewer(socket: WebSocket) -> FindRole:
    """A diagnostics socket shows the same to every role: it only asks whether one may still look."""
    find_role = _find_role(socket)

    async def find_viewer() -> Role:
        await find_role()
        return Role.VIEWER

    return find_viewer
