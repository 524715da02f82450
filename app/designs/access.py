"""Who may do what with a design: the policy of every door that names one."""

from dataclasses import dataclass

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.accounts import service as accounts
from app.accounts.policy import Member, Policy, get_connection_principal
from app.accounts.principal import Principal, Role
from app.designs import repository
from app.designs.tables import Design
from app.shared.errors import Forbidden, NotFound


class MemberWhoMayRunCode(Member):
    """Members who make designs and may have Python executed that somebody wrote."""

    def __init__(self) -> None:
        super().__init__(Role.EDITOR)
        self.describe += ", who may run code"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> Principal:
        principal = await super().authorize(connection, session)
        require_code_permission(principal)
        return principal


@dataclass(frozen=True)
class DesignAccess:
    """A door that opened: who came, to which design, and what they may do with it."""

    principal: Principal
    design_id: str
    role: Role

    @property
    def user_id(self) -> str:
        """The user who came; never the holder of a link, who is a viewer."""
        assert self.principal.user_id is not None
        return self.principal.user_id


async def design_role(
    session: AsyncSession, principal: Principal, design_id: str, *, deleted: bool = False
) -> Role | None:
    """Return what the principal may do with a design; None when there is none, or none that they may see.

    With `deleted`, designs that were deleted count too.
    """
    design = await repository.find_design(session, principal, design_id)
    if design is None or (design.deleted_at is not None and not deleted):
        return None
    return await role_in(session, principal, design)


async def role_in(session: AsyncSession, principal: Principal, design: Design) -> Role | None:
    """Return what the principal may do with this design, deleted or not."""
    return await accounts.find_design_role(
        session, principal, design_id=design.id, workspace_id=design.workspace_id, owner_id=design.owner_id
    )


class CodeForbidden(Forbidden):
    """What was asked would execute a person's Python, and whoever asked may not have that done."""

    code = "code_forbidden"


class DesignPolicy(Policy[DesignAccess]):
    """Whoever has at least `role` on the design `{design_id}` of the path.

    404 when the design does not exist or is none of one's business, 403 when the role is too small. With `member`,
    holders of a share link are refused whatever their role; with `maker`, so is who may make no designs in the
    workspace; with `code`, who may not run code.
    """

    def __init__(
        self, role: Role, *, member: bool = False, maker: bool = False, deleted: bool = False, code: bool = False
    ) -> None:
        self.role = role
        self.member = member or maker or code
        self.maker = maker
        self.deleted = deleted
        self.code = code
        self.describe = (
            f"{role.word} of the design"
            + (", signed in" if self.member else "")
            + (", who may make designs" if maker else "")
            + (", who may run code" if code else "")
        )

    async def __call__(self, connection: HTTPConnection, design_id: str = Path(max_length=64)) -> DesignAccess:
        return await super().__call__(connection)

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> DesignAccess:
        design_id = connection.path_params["design_id"]
        principal = await get_connection_principal(connection, session)
        access = await require_design_role(
            session, principal, design_id, self.role, member=self.member, deleted=self.deleted
        )
        if self.maker and principal.workspace_role < Role.EDITOR:
            raise Forbidden(
                "Your role in the workspace does not allow making designs.",
                expected=Role.EDITOR.word,
                received=principal.workspace_role.word,
                hint="Ask an owner of the workspace for another role.",
            )
        if self.code:
            require_code_permission(principal)
        return access


async def require_design_role(
    session: AsyncSession,
    principal: Principal,
    design_id: str,
    role: Role,
    *,
    member: bool = False,
    deleted: bool = False,
) -> DesignAccess:
    """Return the access of a principal with at least `role`; raise `NotFound` or `Forbidden` if not."""
    present = await design_role(session, principal, design_id, deleted=deleted)
    if present is None:
        raise NotFound(
            "There is no such design, or it is not shared with you.",
            expected="a design that you made or that was shared with you",
            hint="Ask its owner to share it with you.",
        )
    if present < role:
        raise Forbidden(
            "Your role on this design does not allow this.",
            expected=role.word,
            received=present.word,
            hint="Ask its owner for more, or duplicate the design and change your copy.",
        )
    if member and principal.user_id is None:
        raise Forbidden(
            "A share link shows its design only.",
            expected="a signed-in person",
            received="the holder of a share link",
            hint="Ask for an account: layerloom user add NAME",
        )
    return DesignAccess(principal, design_id, present)


def require_code_permission(principal: Principal) -> None:
    """Raise `CodeForbidden` unless the principal may start what executes Python that somebody wrote."""
    if not principal.may_run_code:
        raise CodeForbidden(
            "You may not run Python that was written for a design.",
            expected="a member with the permission to run code",
            received=principal.workspace_role.word if principal.user_id is not None else "the holder of a share link",
            hint="Ask an owner of the workspace to allow it: layerloom user allow-code NAME",
        )
