"""One million points of one curve: packed chunks against a row per point through SQLAlchemy Core.

Both sides use the product's own SQLite settings (WAL, `synchronous=FULL`), the same session and the same batches, one
transaction each; `BATCH` is the largest batch that a launcher sends. Reading is for a chart of 1,000 pixels:
last step, mean, minimum and maximum of each bucket; the peer has the database build them. Medians of `ROUNDS`.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, func, insert, select

from app.accounts import service as accounts
from app.accounts.principal import Principal, Role
from app.designs.access import DesignAccess
from app.document.model import GraphDocument
from app.infra.database import Database
from app.main import migrate
from app.runs import curves, ingest, service
from app.runs.schemas import VersionReference
from app.settings import Settings

POINTS = 1_000_000
BATCH = 5_000
PIXELS = 1_000
ROUNDS = 3
ZOOM = (300_001, 550_000)

rows = Table(
    "points",
    MetaData(),
    Column("series", Integer, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("value", Float(53)),
)
Columns = tuple[Sequence[float], Sequence[float]]
"""Steps and values; for us as the product takes them out of a batch of events, for the peer as lists."""


async def add_run(database: Database) -> str:
    async with database.session() as session:
        user = await accounts.ensure_local_owner(session)
        token = await accounts.open_session(session, user.id)
        found = await accounts.find_principal(session, token)
        assert isinstance(found, Principal)
        document = GraphDocument.model_validate({"training": {"dataset": "digits"}})
        access = DesignAccess(found, "benchmark", Role.OWNER)
        version = VersionReference(id="benchmark", number=1)
        run, _ = await service.create(session, access, version=version, document=document)
        return run.id


async def store_packed(database: Database, run_id: str, curve: "tuple[array[float], array[float]]") -> None:
    for start in range(0, POINTS, BATCH):
        async with database.session() as session:
            steps, values = curve[0][start : start + BATCH], curve[1][start : start + BATCH]
            await ingest.append_points(
                session, run_id, {("batch", "loss"): (steps, values)}, after=start, last=start + BATCH
            )


async def store_rows(database: Database, series: int, curve: Columns) -> None:
    for start in range(0, POINTS, BATCH):
        async with database.session() as session:
            steps, values = (column[start : start + BATCH] for column in curve)
            batch = [
                {"series": series, "step": step, "value": value} for step, value in zip(steps, values, strict=True)
            ]
            await session.execute(insert(rows), batch)


async def read_packed(database: Database, run_id: str, first: int, last: int) -> int:
    async with database.session() as session:
        (view,) = await curves.read_series(
            session, run_id, metrics=["loss"], by="batch", buckets=PIXELS, start=first, end=last
        )
    assert view.count == last - first + 1
    return len(view.step)


async def read_rows(database: Database, series: int, first: int, last: int) -> int:
    bucket = (rows.c.step - first) * PIXELS / (last - first + 1)
    query = (
        select(func.max(rows.c.step), func.avg(rows.c.value), func.min(rows.c.value), func.max(rows.c.value))
        .where(rows.c.series == series, rows.c.step.between(first, last))
        .group_by(func.floor(bucket))
    )
    async with database.session() as session:
        return len((await session.execute(query)).all())


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await action()
    return time.perf_counter() - begun


async def measure(folder: Path) -> dict[str, list[tuple[float, float]]]:
    settings = Settings(data=folder, database_url="", public_url="")
    migrate(settings)
    database = Database(settings.database)
    async with database.engine.begin() as connection:
        await connection.run_sync(rows.metadata.create_all)
    chance = random.Random(0)
    curve: Columns = list(range(1, POINTS + 1)), [chance.gauss(1.0, 0.1) for _ in range(POINTS)]
    packed = array("d", curve[0]), array("d", curve[1])
    times: dict[str, list[tuple[float, float]]] = {"store": [], "read whole": [], "read a quarter": []}
    for round_ in range(ROUNDS):
        run_id = await add_run(database)
        peer = await timed(lambda series=round_: store_rows(database, series, curve))  # type: ignore[misc]
        ours = await timed(lambda run=run_id: store_packed(database, run, packed))  # type: ignore[misc]
        times["store"].append((ours, peer))
        for what, (first, last) in {"read whole": (1, POINTS), "read a quarter": ZOOM}.items():
            peer = await timed(lambda a=first, b=last, s=round_: read_rows(database, s, a, b))  # type: ignore[misc]
            ours = await timed(lambda a=first, b=last, r=run_id: read_packed(database, r, a, b))  # type: ignore[misc]
            times[what].append((ours, peer))
    await database.close()
    return times


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        times = asyncio.run(measure(Path(folder)))
    for what, pairs in times.items():
        ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
        against = "a row per point" if what == "store" else "SQL buckets"
        line = {
            "what": f"1,000,000 points, {what}, against {against}",
            "ratio": ours / peer,
            "target": "<= 0.1",
            "met": ours / peer <= 0.1,
            "detail": f"{ours * 1e3:.1f} ms against {peer * 1e3:.0f} ms",
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
