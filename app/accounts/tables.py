"""Users, workspaces, memberships, sessions, sign-in links, grants and share links."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.database import Base, Dated, Identified


class User(Identified, Dated, Base):
    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(200))


class Workspace(Identified, Dated, Base):
    __tablename__ = "workspaces"

    name: Mapped[str] = mapped_column(String(200))


class Membership(Identified, Dated, Base):
    """A user's place in a workspace. A member sees what was shared with them; an owner sees everything.

    `code` is the permission to run Python that somebody wrote; owners have it anyway.
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    code: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def may_run_code(self) -> bool:
        return self.code or self.role == "owner"


class SignInLink(Identified, Dated, Base):
    """A one-time link that signs a user in; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_links"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Grant(Identified, Dated, Base):
    """A role of one user on one design."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("design_id", "user_id"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    design_id: Mapped[str] = mapped_column(String(32), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))


class ShareLink(Identified, Dated, Base):
    """A revocable link to one design for whoever holds it; only the SHA-256 of its token is kept."""

    __tablename__ = "share_links"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    design_id: Mapped[str] = mapped_column(String(32), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16), default="viewer")
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Session(Identified, Dated, Base):
    """A signed-in browser: of a user, or of somebody who came by a share link."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    share_link_id: Mapped[str | None] = mapped_column(ForeignKey("share_links.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
