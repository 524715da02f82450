"""Who is asking, and how much they may do."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, cast

RoleWord = Literal["viewer", "editor", "owner"]


class Role(IntEnum):
    """What somebody may do with a design or a workspace; a greater role includes the smaller ones."""

    VIEWER = 1
    EDITOR = 2
    OWNER = 3

    @classmethod
    def of(cls, word: str) -> "Role":
        """Return the role named `word` (`viewer`, `editor`, `owner`); raise `KeyError` for another word."""
        return cls[word.upper()]

    @property
    def word(self) -> RoleWord:
        return cast(RoleWord, self.name.lower())


@dataclass(frozen=True)
class Principal:
    """A signed-in user with their workspace, or the holder of a share link (then `user_id` is None)."""

    session_id: str
    workspace_id: str
    workspace_role: Role
    user_id: str | None = None
    user_name: str = ""
    may_run_code: bool = False
    """Whether this user may start what executes Python that somebody wrote. Owners may; others when it was granted."""
    link_id: str | None = None
    link_design_id: str | None = None
    link_role: Role | None = None
