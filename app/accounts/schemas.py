"""What the accounts routes send and receive."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.accounts.principal import RoleWord


class Person(BaseModel):
    id: str
    name: str


class Member(Person):
    """`may_run_code`: whether they may start what executes Python that somebody wrote."""

    role: RoleWord
    may_run_code: bool


class CodePermission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    allowed: bool


class WorkspaceView(BaseModel):
    id: str
    name: str
    role: RoleWord
    may_run_code: bool


class LinkView(BaseModel):
    design_id: str
    role: RoleWord


class SessionView(BaseModel):
    """Who this browser is signed in as: a user in a workspace, or the holder of a link to one design."""

    user: Person | None
    workspace: WorkspaceView | None
    link: LinkView | None


class SignedOut(BaseModel):
    signed_out: Literal[True] = True
