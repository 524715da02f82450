"""The log of every shared document.

A room is written by the room process, on a connection of its own, before the design's row exists and after it is
gone; so its key is the design's id without a foreign key.
"""

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.database import Base, Dated


class Room(Dated, Base):
    """The present generation of a design's shared document. A rebuilt document has a new `epoch`."""

    __tablename__ = "rooms"

    design_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(32))


class RoomUpdate(Dated, Base):
    """One Yjs update. The first row of an epoch may be many that were merged; `user_id` is then empty."""

    __tablename__ = "room_updates"

    design_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(32), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), default="")
    payload: Mapped[bytes] = mapped_column(LargeBinary)
