"""Uploaded weights."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.database import Base, Dated, Identified


class WeightsFile(Identified, Dated, Base):
    """Weights that somebody uploaded, as the sandbox has rewritten them: an artifact without code or links.

    `contents` is the `WeightsContents` that it found; `bytes` and `sha256` are of the file that was uploaded.
    """

    __tablename__ = "weights_files"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    filename: Mapped[str] = mapped_column(String(255))
    artifact: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    contents: Mapped[dict[str, Any]] = mapped_column(JSON)
