"""The SQL of the room process: blocking, and durable when a function returns."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select, update

from app.collab.tables import Room, RoomUpdate
from app.infra.database import create_blocking_engine
from app.shared.clock import now


@dataclass(frozen=True)
class Entry:
    """One row of the log."""

    design: str
    epoch: str
    seq: int
    user: str
    payload: bytes


def open_engine(url: str) -> Engine:
    return create_blocking_engine(url)


def find_epoch(engine: Engine, design: str) -> str | None:
    """Return the present epoch of a design; None when it has no room."""
    with engine.connect() as connection:
        return connection.scalar(select(Room.epoch).where(Room.design_id == design))


def read_log(engine: Engine, design: str, epoch: str) -> list[tuple[int, bytes]]:
    """Return the updates of an epoch, in order, with their numbers."""
    query = (
        select(RoomUpdate.seq, RoomUpdate.payload)
        .where(RoomUpdate.design_id == design, RoomUpdate.epoch == epoch)
        .order_by(RoomUpdate.seq)
    )
    with engine.connect() as connection:
        return [(seq, payload) for seq, payload in connection.execute(query)]


def append(engine: Engine, entries: Sequence[Entry]) -> None:
    """Store updates of any number of designs in one transaction."""
    moment = now()
    rows = [
        {
            "design_id": entry.design,
            "epoch": entry.epoch,
            "seq": entry.seq,
            "user_id": entry.user,
            "payload": entry.payload,
            "created_at": moment,
        }
        for entry in entries
    ]
    with engine.begin() as connection:
        connection.execute(insert(RoomUpdate), rows)


def begin_epoch(engine: Engine, first: Entry) -> None:
    """Make `first` the whole content of a new epoch, and that epoch the present one; older ones stay in the log."""
    with engine.begin() as connection:
        known = connection.scalar(select(Room.epoch).where(Room.design_id == first.design))
        if known is None:
            connection.execute(insert(Room).values(design_id=first.design, epoch=first.epoch, created_at=now()))
        else:
            connection.execute(
                update(Room).where(Room.design_id == first.design).values(epoch=first.epoch, created_at=now())
            )
        connection.execute(
            insert(RoomUpdate).values(
                design_id=first.design,
                epoch=first.epoch,
                seq=first.seq,
                user_id=first.user,
                payload=first.payload,
                created_at=now(),
            )
        )


def compact(engine: Engine, merged: Entry) -> None:
    """Replace every update up to `merged.seq` by `merged`, which holds them all, in one transaction."""
    with engine.begin() as connection:
        connection.execute(
            delete(RoomUpdate).where(
                RoomUpdate.design_id == merged.design,
                RoomUpdate.epoch == merged.epoch,
                RoomUpdate.seq <= merged.seq,
            )
        )
        connection.execute(
            insert(RoomUpdate).values(
                design_id=merged.design,
                epoch=merged.epoch,
                seq=merged.seq,
                user_id="",
                payload=merged.payload,
                created_at=now(),
            )
        )
