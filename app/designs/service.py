"""Making, copying, freezing and restoring designs.

The room process writes to the database on its own connection. So a service asks the room *before* its first own
write: two writers of one SQLite file would wait for each other.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal, Role
from app.accounts.schemas import Person
from app.accounts.tables import User
from app.designs import own_code, repository
from app.designs.projection import project
from app.designs.schemas import DesignDetail, DesignSummary, Thumbnail, VersionView
from app.designs.tables import Design, Version
from app.document.edits import SetValue
from app.document.model import GraphDocument
from app.document.read import read_document, validate_document
from app.infra.rooms import RoomClient
from app.shared.clock import now
from app.shared.errors import NotFound
from app.shared.ids import new_id


def summary(design: Design, owner: User, role: Role) -> DesignSummary:
    return DesignSummary(
        id=design.id,
        name=design.name,
        role=role.word,
        owner=Person(id=owner.id, name=owner.name),
        created_at=design.created_at,
        updated_at=design.updated_at,
        nodes=design.nodes,
        parameters=design.parameters,
        thumbnail=Thumbnail.model_validate(design.thumbnail) if design.thumbnail else None,
    )


def detail(design: Design, owner: User, role: Role) -> DesignDetail:
    return DesignDetail(
        id=design.id,
        name=design.name,
        role=role.word,
        epoch=design.epoch,
        created_at=design.created_at,
        updated_at=design.updated_at,
        owner=Person(id=owner.id, name=owner.name),
    )


async def list_summaries(session: AsyncSession, principal: Principal) -> list[DesignSummary]:
    """Return what the principal may see: own and shared designs, or the one design of their link."""
    if principal.user_id is None:
        assert principal.link_role is not None
        shared = await repository.find_shared_design(session, principal)
        return [summary(*shared, principal.link_role)] if shared is not None else []
    return [
        summary(design, owner, _role(principal, design, granted))
        for design, owner, granted in await repository.list_designs(session, principal)
    ]


def _role(principal: Principal, design: Design, granted: str | None) -> Role:
    if design.owner_id == principal.user_id or principal.workspace_role is Role.OWNER:
        return Role.OWNER
    assert granted is not None
    return Role.of(granted)


async def read_detail(session: AsyncSession, principal: Principal, design_id: str, role: Role) -> DesignDetail:
    return detail(*await repository.get_design(session, principal, design_id), role)


async def create_design(
    session: AsyncSession, rooms: RoomClient, principal: Principal, document: GraphDocument, *, copy_of: str = ""
) -> DesignDetail:
    """Make a design of `document`, owned by the principal; the code of a copy stays whose it was."""
    assert principal.user_id is not None
    design_id = new_id()
    snapshot = await rooms.create(design_id, document.model_dump(mode="json"))
    design = Design(
        id=design_id,
        workspace_id=principal.workspace_id,
        owner_id=principal.user_id,
        epoch=snapshot.epoch,
        created_at=now(),
        **project(validate_document(snapshot.document)),
    )
    session.add(design)
    await session.flush()
    if copy_of:
        await own_code.copy_authors(session, copy_of, design_id)
    await own_code.attribute(session, design_id, document, [principal.user_id])
    return detail(design, User(id=principal.user_id, name=principal.user_name), Role.OWNER)


async def read_live_document(rooms: RoomClient, design_id: str) -> GraphDocument:
    """Return the design as its room holds it now, with every acknowledged edit."""
    return validate_document((await rooms.snapshot(design_id)).document)


async def rename(session: AsyncSession, rooms: RoomClient, principal: Principal, design_id: str, name: str) -> None:
    """Rename a design, as an edit that everybody who has it open receives."""
    assert principal.user_id is not None
    await rooms.apply_edits(design_id, [SetValue(path=["meta", "name"], value=name)], principal.user_id)
    await repository.save_snapshot(session, design_id, {"name": name.replace("\0", ""), "updated_at": now()})


async def duplicate(session: AsyncSession, rooms: RoomClient, principal: Principal, design_id: str) -> DesignDetail:
    """Copy a design as it is now; the copy belongs to the principal and is shared with nobody."""
    document = await read_live_document(rooms, design_id)
    name = f"{document.meta.name[:190]} (copy)"
    copy = document.model_copy(update={"meta": document.meta.model_copy(update={"name": name})})
    return await create_design(session, rooms, principal, copy, copy_of=design_id)


async def freeze_version(
    session: AsyncSession,
    rooms: RoomClient,
    principal: Principal,
    design_id: str,
    *,
    name: str = "",
    reuse: bool = False,
) -> Version:
    """Keep the design as it is now, every acknowledged edit included, as a new immutable version.

    With `reuse`, the last version is returned when it would train the same model (equal digests). Must be called
    before the transaction writes anything, since the room may have edits to store first.
    """
    assert principal.user_id is not None
    document = await read_live_document(rooms, design_id)
    return await _add_version(session, principal, design_id, document, name=name, reuse=reuse)


async def _add_version(
    session: AsyncSession,
    principal: Principal,
    design_id: str,
    document: GraphDocument,
    *,
    name: str,
    reuse: bool = False,
) -> Version:
    assert principal.user_id is not None
    columns = project(document)
    last = await repository.find_last_version(session, principal, design_id)
    if reuse and last is not None and last.digest == columns["digest"]:
        return last
    number = last.number + 1 if last is not None else 1
    version = Version(
        id=new_id(),
        workspace_id=principal.workspace_id,
        design_id=design_id,
        number=number,
        name=name.strip() or f"Version {number}",
        document=columns["document"],
        digest=columns["digest"],
        created_by=principal.user_id,
        created_at=now(),
    )
    session.add(version)
    await session.flush()
    return version


def version_view(version: Version, author: Person) -> VersionView:
    return VersionView(
        id=version.id,
        number=version.number,
        name=version.name,
        digest=version.digest,
        created_at=version.created_at,
        created_by=author,
    )


async def list_version_views(session: AsyncSession, principal: Principal, design_id: str) -> list[VersionView]:
    return [
        version_view(version, Person(id=author.id, name=author.name))
        for version, author in await repository.list_versions(session, principal, design_id)
    ]


async def get_version(session: AsyncSession, principal: Principal, design_id: str, version_id: str) -> Version:
    version = await repository.find_version(session, principal, design_id, version_id)
    if version is None:
        raise NotFound(
            "This design has no such version.", expected="the id of one of its versions", received=version_id[:64]
        )
    return version


async def restore_version(
    session: AsyncSession, rooms: RoomClient, principal: Principal, design_id: str, version_id: str
) -> Version:
    """Make the design what it was in a version: a new version, and a new epoch that open editors reload into."""
    old = await get_version(session, principal, design_id, version_id)
    document = read_document(old.document)
    snapshot = await rooms.rebuild(design_id, document.model_dump(mode="json"))
    columns = project(validate_document(snapshot.document))
    await repository.save_snapshot(session, design_id, {**columns, "epoch": snapshot.epoch, "parameters": None})
    return await _add_version(session, principal, design_id, document, name=f"Restored from version {old.number}")
