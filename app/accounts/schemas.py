"""What the accounts routes send and receive."""

from typing import Literal

from pydantic import BaseModel

from app.accounts.principal import RoleWord


class Person(BaseModel):
    id: str
    name: str


class Member(Person):
    role: RoleWord


class WorkspaceView(BaseModel):
    id: str
    name: str
    role: RoleWord


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
