"""The SQL of curves."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Executable, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs.series import CHUNK, Chunk, Matrix, Segment, unpack
from app.runs.tables import SeriesChunk

_CHUNKS: Final = SeriesChunk.__table__.c
_TAILS: Final = select(
    _CHUNKS.kind, _CHUNKS.metric, _CHUNKS.level, _CHUNKS.position, _CHUNKS.count, _CHUNKS.data
).where(_CHUNKS.run_id == bindparam("run"), _CHUNKS.tail.is_(True))


async def read_tails(session: AsyncSession, run_id: str) -> dict[tuple[str, str], dict[int, Chunk]]:
    """Return the last chunks of every curve of a run, by kind and metric and then by level."""
    tails: dict[tuple[str, str], dict[int, Chunk]] = {}
    for kind, metric, level, position, count, data in await session.execute(_TAILS, {"run": run_id}):
        chunk = Chunk(level, position, unpack(level, count, data), tail=True)
        tails.setdefault((kind, metric), {})[level] = chunk
    return tails


async def write_chunks(session: AsyncSession, run_id: str, changed: Iterable[tuple[str, str, Chunk]]) -> None:
    """Insert the chunks, each with its kind and metric, or put them in the place of their earlier state."""
    rows = [_chunk_row(run_id, kind, metric, chunk) for kind, metric, chunk in changed]
    if rows:
        await session.execute(_replace_chunk(session.get_bind().dialect.name), rows)


@cache
def _replace_chunk(dialect: str) -> Executable:
    # Imported when first used: the other dialect's module would make every start slower.
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(SeriesChunk.__table__)
    replaced = ("tail", "count", "last_step", "minimum", "maximum", "data")
    statement: Executable = insert.on_conflict_do_update(
        index_elements=["run_id", "kind", "metric", "level", "position"],
        set_={name: insert.excluded[name] for name in replaced},
    )
    return statement


def _chunk_row(run_id: str, kind: str, metric: str, chunk: Chunk) -> dict[str, Any]:
    minimum, maximum = chunk.extent or (None, None)
    return {
        "run_id": run_id,
        "kind": kind,
        "metric": metric,
        "level": chunk.level,
        "position": chunk.position,
        "tail": chunk.tail,
        "count": chunk.count,
        "last_step": chunk.last_step,
        "minimum": minimum,
        "maximum": maximum,
        "data": chunk.pack(),
    }


async def count_points(session: AsyncSession, run_id: str, kind: str) -> dict[str, int]:
    """Return the number of points of each curve of a kind, by metric."""
    rows = await session.execute(
        select(SeriesChunk.metric, SeriesChunk.position, SeriesChunk.count).where(
            SeriesChunk.run_id == run_id,
            SeriesChunk.kind == kind,
            SeriesChunk.level == 0,
            SeriesChunk.tail.is_(True),
        )
    )
    return {metric: position * CHUNK + count for metric, position, count in rows}


async def find_chunk_at(
    session: AsyncSession, run_id: str, kind: str, metric: str, step: float, *, after: bool
) -> tuple[int, Matrix] | None:
    """Return the position and points of the first chunk whose last step is at least `step` (or, `after`, above it)."""
    beyond = SeriesChunk.last_step > step if after else SeriesChunk.last_step >= step
    row = (
        await session.execute(
            select(SeriesChunk.position, SeriesChunk.count, SeriesChunk.data)
            .where(
                SeriesChunk.run_id == run_id,
                SeriesChunk.kind == kind,
                SeriesChunk.metric == metric,
                SeriesChunk.level == 0,
                beyond,
            )
            .order_by(SeriesChunk.last_step, SeriesChunk.position)
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    position, count, data = row
    return position, unpack(0, count, data)


async def read_chunks(
    session: AsyncSession, run_id: str, kind: str, metric: str, segments: Sequence[Segment]
) -> dict[tuple[int, int], Matrix]:
    """Return the chunks that hold the entries of `segments`, by level and position."""
    if not segments:
        return {}
    wanted = [
        and_(
            SeriesChunk.level == segment.level,
            SeriesChunk.position.between(segment.positions.start, segment.positions.stop - 1),
        )
        for segment in segments
    ]
    rows = await session.execute(
        select(SeriesChunk.level, SeriesChunk.position, SeriesChunk.count, SeriesChunk.data).where(
            SeriesChunk.run_id == run_id, SeriesChunk.kind == kind, SeriesChunk.metric == metric, or_(*wanted)
        )
    )
    return {(level, position): unpack(level, count, data) for level, position, count, data in rows}
