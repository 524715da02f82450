"""With whom a design is shared."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as accounts_repository
from app.accounts import service as accounts
from app.accounts.principal import Principal, Role
from app.accounts.schemas import Person
from app.accounts.tables import ShareLink
from app.designs import repository
from app.designs.access import role_in
from app.designs.schemas import NewLink, SharedPerson, ShareLinkView, Shares
from app.shared.clock import now
from app.shared.errors import Conflict, NotFound


async def read_shares(session: AsyncSession, principal: Principal, design_id: str) -> Shares:
    """Return the owner, the people and the links of a design."""
    _, owner = await repository.get_design(session, principal, design_id)
    grants = await accounts_repository.list_grants(session, principal, design_id)
    links = await accounts_repository.list_share_links(session, principal, design_id)
    names = await repository.names_of(session, {link.created_by for link in links})
    people = [SharedPerson(user=Person(id=owner.id, name=owner.name), role="owner")]
    people += [
        SharedPerson(user=Person(id=user.id, name=user.name), role=Role.of(grant.role).word)
        for grant, user in grants
        if user.id != owner.id
    ]
    return Shares(people=people, links=[_view(link, names[link.created_by]) for link in links])


async def share_with_person(
    session: AsyncSession, principal: Principal, design_id: str, user_id: str, role: Role
) -> None:
    """Give a member of the workspace a role on the design; raise `Conflict` for its owner."""
    _, owner = await repository.get_design(session, principal, design_id)
    if owner.id == user_id:
        raise Conflict(f"{owner.name} made this design and owns it.", expected="another person", received=owner.name)
    await accounts.set_grant(session, principal, design_id=design_id, user_id=user_id, role=role)


async def unshare_with_person(session: AsyncSession, principal: Principal, design_id: str, user_id: str) -> None:
    """Take a person's role away; it is fine when they had none. Their open sockets are closed within seconds."""
    await accounts_repository.delete_grant(session, principal, design_id, user_id)


async def create_link(session: AsyncSession, principal: Principal, design_id: str, url: str) -> NewLink:
    """Make a view-only link; its address is in the answer and nowhere else."""
    link, token = await accounts.create_share_link(session, principal, design_id=design_id)
    return NewLink(link=_view(link, principal.user_name), url=f"{url}/share/{token}")


async def revoke_link(session: AsyncSession, principal: Principal, design_id: str, link_id: str) -> None:
    """Revoke a link: sessions that came by it end at once, their open sockets within seconds."""
    if not await accounts_repository.revoke_share_link(session, principal, design_id, link_id, now()):
        raise NotFound("There is no such link, or it was revoked before.", expected="a live link of this design")


async def open_link(session: AsyncSession, principal: Principal | None, token: str) -> tuple[str, str | None]:
    """Return the id of the design that a link shows, and the token of a session for it.

    The token is None for a user who sees the design anyway: they keep their own session, and what they may do. Raises
    `NotFound` when the link or the design is gone.
    """
    link = await accounts.get_share_link(session, token)
    design = await repository.find_linked_design(session, link)
    if design is None:
        raise accounts.dead_link()
    if (
        principal is not None
        and principal.user_id is not None
        and await role_in(session, principal, design) is not None
    ):
        return design.id, None
    return design.id, await accounts.open_link_session(session, link)


def _view(link: ShareLink, author: str) -> ShareLinkView:
    return ShareLinkView(
        id=link.id,
        role=Role.of(link.role).word,
        created_at=link.created_at,
        revoked_at=link.revoked_at,
        created_by=Person(id=link.created_by, name=author),
    )
