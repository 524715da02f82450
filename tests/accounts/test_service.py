"""Signing in, sessions and their end."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.accounts import repository, service
from app.accounts.principal import Principal, Role
from app.accounts.tables import Session, ShareLink, SignInLink, User
from app.infra.database import Database
from app.shared.clock import now
from app.shared.errors import Conflict, Invalid, NotFound, NotSignedIn


async def principal_of(database: Database, token: str) -> Principal:
    async with database.session() as session:
        principal = await service.find_principal(session, token)
    assert principal is not None
    return principal


async def test_the_first_owner_is_made_once(database: Database) -> None:
    async with database.session() as session:
        first = await service.ensure_local_owner(session)
    async with database.session() as session:
        assert (await service.ensure_local_owner(session)).id == first.id
        assert len((await session.scalars(select(User))).all()) == 1


async def test_a_sign_in_link_works_once(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        link = await service.create_sign_in_token(session, owner)
        token = await service.sign_in(session, link)
    principal = await principal_of(database, token)
    assert (principal.user_id, principal.workspace_role) == (owner.id, Role.OWNER)
    async with database.session() as session:
        with pytest.raises(NotSignedIn, match="used before or has expired"):
            await service.sign_in(session, link)


async def test_an_expired_sign_in_link_is_refused(database: Database) -> None:
    async with database.session() as session:
        link = await service.create_sign_in_token(session, await service.ensure_local_owner(session))
        await session.execute(update(SignInLink).values(expires_at=now() - timedelta(seconds=1)))
        with pytest.raises(NotSignedIn):
            await service.sign_in(session, link)


async def test_sessions_that_have_expired_are_forgotten(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        await service.open_session(session, owner.id)
        await session.execute(update(Session).values(expires_at=now() - timedelta(seconds=1)))
        token = await service.open_session(session, owner.id)
        assert (await session.scalars(select(Session.token_hash))).all() == [service.token_hash(token)]


@pytest.mark.parametrize("asked", ["Änne Öz", "änne öz", "ÄNNE ÖZ"])
async def test_people_are_found_in_small_and_in_capital_letters_of_any_alphabet(database: Database, asked: str) -> None:
    async with database.session() as session:
        added = await service.add_user(session, "Änne Öz")
        assert (await service.get_user_named(session, asked)).id == added.id
        with pytest.raises(Conflict, match="already somebody"):
            await service.add_user(session, asked)


async def test_only_hashes_of_tokens_are_kept(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        link = await service.create_sign_in_token(session, owner)
        token = await service.open_session(session, owner.id)
        kept = [
            *await session.scalars(select(SignInLink.token_hash)),
            *await session.scalars(select(Session.token_hash)),
        ]
    assert kept == [service.token_hash(link), service.token_hash(token)]
    assert len(token) == 43


async def test_a_session_ends_by_signing_out_and_by_time(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        left, expired = await service.open_session(session, owner.id), await service.open_session(session, owner.id)
    principal = await principal_of(database, left)
    async with database.session() as session:
        await repository.end_session(session, principal, now())
        await session.execute(
            update(Session)
            .where(Session.token_hash == service.token_hash(expired))
            .values(expires_at=now() - timedelta(seconds=1))
        )
    async with database.session() as session:
        assert await service.find_principal(session, left) is None
        assert await service.find_principal(session, expired) is None
        assert await service.find_principal(session, "never issued") is None


async def test_a_teammate_has_a_name_of_their_own(database: Database) -> None:
    async with database.session() as session:
        teammate = await service.add_user(session, "  Ada ")
        assert teammate.name == "Ada"
        with pytest.raises(Conflict, match="already somebody called ada"):
            await service.add_user(session, "ada")
        for name in ("", "   ", "x" * 201):
            with pytest.raises(Invalid):
                await service.add_user(session, name)


async def test_roles_on_a_design(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        ada, bob = await service.add_user(session, "Ada"), await service.add_user(session, "Bob")
        tokens = {user.name: await service.open_session(session, user.id) for user in (owner, ada, bob)}
    principals = {name: await principal_of(database, token) for name, token in tokens.items()}

    async def roles() -> dict[str, Role | None]:
        async with database.session() as session:
            return {
                name: await service.find_design_role(
                    session,
                    principal,
                    design_id="design",
                    workspace_id=principals["Owner"].workspace_id,
                    owner_id=ada.id,
                )
                for name, principal in principals.items()
            }

    assert await roles() == {"Owner": Role.OWNER, "Ada": Role.OWNER, "Bob": None}
    async with database.session() as session:
        await service.set_grant(session, principals["Ada"], design_id="design", user_id=bob.id, role=Role.VIEWER)
        await service.set_grant(session, principals["Ada"], design_id="design", user_id=bob.id, role=Role.EDITOR)
        with pytest.raises(NotFound, match="not in the workspace"):
            await service.set_grant(session, principals["Ada"], design_id="design", user_id="nobody", role=Role.EDITOR)
    assert (await roles())["Bob"] is Role.EDITOR
    async with database.session() as session:
        await repository.delete_grant(session, principals["Ada"], "design", bob.id)
    assert (await roles())["Bob"] is None


async def test_a_share_link_opens_one_design_until_it_is_revoked(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        token = await service.open_session(session, owner.id)
    principal = await principal_of(database, token)
    async with database.session() as session:
        link, secret = await service.create_share_link(session, principal, design_id="design")
        found = await service.get_share_link(session, secret)
        visitor_token = await service.open_link_session(session, found)
    visitor = await principal_of(database, visitor_token)
    assert (found.id, visitor.user_id, visitor.link_design_id, visitor.link_role) == (
        link.id,
        None,
        "design",
        Role.VIEWER,
    )
    async with database.session() as session:
        for design, role in (("design", Role.VIEWER), ("another", None)):
            assert (
                await service.find_design_role(
                    session, visitor, design_id=design, workspace_id=principal.workspace_id, owner_id=owner.id
                )
                is role
            )
        assert await repository.revoke_share_link(session, principal, "design", link.id, now())
        assert not await repository.revoke_share_link(session, principal, "design", link.id, now())
    async with database.session() as session:
        assert await service.find_principal(session, visitor_token) is None
        with pytest.raises(NotFound, match="does not work any more"):
            await service.get_share_link(session, secret)
        assert (await session.scalars(select(ShareLink.role))).all() == ["viewer"]
        assert (await session.scalars(select(User.name))).all() == ["Owner"]


async def test_running_code_is_for_owners_and_for_whom_it_is_granted(database: Database) -> None:
    async with database.session() as session:
        owner = await service.ensure_local_owner(session)
        ada = await service.add_user(session, "Ada")
        tokens = [await service.open_session(session, user.id) for user in (owner, ada)]
    first, second = [await principal_of(database, token) for token in tokens]
    assert (first.may_run_code, second.may_run_code) == (True, False)
    async with database.session() as session:
        await service.set_may_run_code(session, ada.id, True, principal=first)
    assert (await principal_of(database, tokens[1])).may_run_code
    async with database.session() as session:
        await service.set_may_run_code(session, ada.id, False)
        with pytest.raises(Conflict, match="Owners"):
            await service.set_may_run_code(session, owner.id, False)
        with pytest.raises(NotFound):
            await service.set_may_run_code(session, "nobody", True, principal=first)
    assert not (await principal_of(database, tokens[1])).may_run_code
