"""Everybody who may come to a door of a running server: who they are, and what they hold of one design and its run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.accounts.principal import Role
from app.accounts.tables import Membership, Session, ShareLink, User, Workspace
from app.designs.access import DesignAccess
from app.document.model import GraphDocument
from app.infra.database import Database
from app.runs import service as runs
from app.runs.schemas import VersionReference
from app.runs.tables import RunArtifact
from app.shared.clock import now
from app.shared.ids import new_id, new_secret
from tests.server import Server

LONG_AGO = timedelta(days=400)
TRAINED = GraphDocument.model_validate({"training": {"dataset": "digits"}})


@dataclass(frozen=True)
class Visitor:
    """Somebody with what they bring (`cookie`, `bearer`) and what they hold, which is what policies judge.

    `spare` is the cookie of a second session of theirs, for a door that ends it. `workspace` and `design` are None
    where they have no role there; `known` is whether their session is a live one.
    """

    name: str
    cookie: str = ""
    spare: str = ""
    bearer: str = ""
    known: bool = False
    workspace: Role | None = None
    design: Role | None = None
    may_run_code: bool = False
    is_the_worker: bool = False

    def headers(self, url: str) -> dict[str, str]:
        found = {"origin": url}
        if self.cookie:
            found["cookie"] = f"layerloom={self.cookie}"
        if self.bearer:
            found["authorization"] = f"Bearer {self.bearer}"
        return found

    def client(self, url: str) -> httpx.Client:
        return httpx.Client(base_url=url, headers=self.headers(url), timeout=300)


@dataclass
class Scene:
    """A design with a version, a run and its worker, and everybody who comes."""

    server: Server
    owner: Visitor
    author: DesignAccess
    design: str
    other_design: str
    version: str
    run: str
    visitors: list[Visitor]

    async def add_run(self) -> tuple[str, str]:
        """Add a run with one file; return its id and the token of its worker."""
        async with database_of(self.server) as database, database.session() as session:
            reference = VersionReference(id=self.version, number=1)
            run, token = await runs.create(session, self.author, version=reference, document=TRAINED)
            session.add(RunArtifact(run_id=run.id, name="model.py", path="model.py", bytes=1, sha256="0" * 64))
        folder = self.server.data / "runs" / run.id
        folder.mkdir(parents=True)
        (folder / "model.py").write_text("1")
        return run.id, token


@asynccontextmanager
async def database_of(server: Server) -> AsyncIterator[Database]:
    """Open the database of a running server."""
    database = Database(f"sqlite:///{server.data / 'layerloom.db'}")
    try:
        yield database
    finally:
        await database.close()


async def prepare(server: Server, document: dict[str, Any], other: dict[str, Any] | None = None) -> Scene:
    """Return the scene on a running server; people are made in its database, the rest over its doors.

    The `other` design is shared with the same people.
    """
    async with database_of(server) as database, database.session() as session:
        first = await accounts.ensure_local_owner(session)
        owner = Visitor(
            "owner of the workspace",
            await accounts.open_session(session, first.id),
            await accounts.open_session(session, first.id),
            known=True,
            workspace=Role.OWNER,
            design=Role.OWNER,
            may_run_code=True,
        )
        people = [await _member(session, *facts) for facts in MEMBERS]
        foreigner = await _foreigner(session)
    with owner.client(server.url) as client:
        author = people[0]
        with author.client(server.url) as authors:
            design = _made(authors.post("/api/designs", json={"document": document}))
            version = _made(authors.post(f"/api/designs/{design}/versions", json={"name": "first"}))
        other_design = _made(client.post("/api/designs", json={"document": other or {}}))
        ids = {person["name"]: person["id"] for person in client.get("/api/people").json()}
        for person in people:
            role = "viewer" if person.design is Role.VIEWER else "editor"
            for shared in (design, other_design) if person.design else ():
                if (person, shared) == (author, design):
                    continue
                share = f"/api/designs/{shared}/shares/people/{ids[person.name]}"
                client.put(share, json={"role": role}).raise_for_status()
        gone = f"/api/designs/{design}/shares/people/{ids['member with a role taken back']}"
        client.put(gone, json={"role": "editor"}).raise_for_status()
        client.delete(gone).raise_for_status()
        _, linked = _by_link(client, "visitor by a link", design, Role.VIEWER)
        _, elsewhere = _by_link(client, "visitor by a link to another design", other_design, None)
        revoked, late = _by_link(client, "visitor by a link since revoked", design, None, known=False)
        expired, later = _by_link(client, "visitor by a link since expired", design, None, known=False)
        client.delete(f"/api/designs/{design}/shares/links/{revoked}").raise_for_status()
    async with database_of(server) as database, database.session() as session:
        await session.execute(update(ShareLink).where(ShareLink.id == expired).values(expires_at=now() - LONG_AGO))
        principal = await accounts.find_principal(session, author.cookie)
        assert principal is not None
        nobody = [
            Visitor("nobody"),
            Visitor("somebody with a forged cookie", new_secret()),
            await _ended(session, first.id, "owner who has signed out", ended=True),
            await _ended(session, first.id, "owner whose session has expired", ended=False),
        ]
    access = DesignAccess(principal, design, Role.OWNER)
    scene = Scene(server, owner, access, design, other_design, version, "", [])
    scene.run, token = await scene.add_run()
    _, other_token = await scene.add_run()
    workers = [
        Visitor("worker of the run", bearer=token, is_the_worker=True),
        Visitor("worker of another run", bearer=other_token),
        Visitor("worker with a forged token", bearer=new_secret()),
    ]
    scene.visitors = [*nobody, *workers, linked, elsewhere, late, later, foreigner, *people, owner]
    return scene


MEMBERS: list[tuple[str, Role, Role | None, bool]] = [
    ("author of the design", Role.EDITOR, Role.OWNER, False),
    ("member without a role", Role.EDITOR, None, False),
    ("member with a role taken back", Role.EDITOR, None, False),
    ("member who views", Role.EDITOR, Role.VIEWER, False),
    ("member who views and may run code", Role.EDITOR, Role.VIEWER, True),
    ("member who edits", Role.EDITOR, Role.EDITOR, False),
    ("member who edits and may run code", Role.EDITOR, Role.EDITOR, True),
    ("viewer of the workspace who edits", Role.VIEWER, Role.EDITOR, False),
]
"""Name, role in the workspace, role on the design, and whether they may run code."""


async def _member(session: AsyncSession, name: str, workspace: Role, design: Role | None, code: bool) -> Visitor:
    user = await accounts.add_user(session, name)
    await session.execute(
        update(Membership).where(Membership.user_id == user.id).values(role=workspace.word, code=code)
    )
    cookie, spare = [await accounts.open_session(session, user.id) for _ in range(2)]
    return Visitor(name, cookie, spare, known=True, workspace=workspace, design=design, may_run_code=code)


async def _foreigner(session: AsyncSession) -> Visitor:
    user, workspace = User(id=new_id(), name="Foreigner"), Workspace(id=new_id(), name="Elsewhere")
    session.add_all([user, workspace])
    await session.flush()
    session.add(Membership(workspace_id=workspace.id, user_id=user.id, role=Role.OWNER.word))
    await session.flush()
    cookie, spare = [await accounts.open_session(session, user.id) for _ in range(2)]
    return Visitor("owner of another workspace", cookie, spare, known=True, workspace=Role.OWNER, may_run_code=True)


async def _ended(session: AsyncSession, user_id: str, name: str, *, ended: bool) -> Visitor:
    cookie = await accounts.open_session(session, user_id)
    values = {"ended_at": now()} if ended else {"expires_at": now() - LONG_AGO}
    row = await session.scalar(select(Session).where(Session.token_hash == accounts.token_hash(cookie)))
    assert row is not None
    await session.execute(update(Session).where(Session.id == row.id).values(**values))
    return Visitor(name, cookie)


def _by_link(
    owner: httpx.Client, name: str, design: str, role: Role | None, *, known: bool = True
) -> tuple[str, Visitor]:
    """Return the id of a new link and somebody who came by it."""
    made = owner.post(f"/api/designs/{design}/shares/links").json()
    cookie, spare = [httpx.get(made["url"], follow_redirects=False, timeout=300).cookies["layerloom"] for _ in range(2)]
    return made["link"]["id"], Visitor(name, cookie, spare, known=known, design=role)


def _made(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
