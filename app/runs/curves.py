"""The curves of a run as charts show them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs import curve_repository
from app.runs.schemas import By, SeriesView
from app.runs.series import CHUNK, Curve, Matrix, Segment, chunk_size, cover, thin

MAX_POINTS: Final = 10_000
"""Buckets of one curve in one answer."""

MAX_CURVES: Final = 50


async def read_series(
    session: AsyncSession,
    run_id: str,
    *,
    metrics: Sequence[str],
    by: By,
    buckets: int,
    start: float | None = None,
    end: float | None = None,
) -> list[SeriesView]:
    """Return curves of a run between two steps (both included), each in at most `buckets` buckets.

    Without `metrics`, every curve of the kind. A metric that the run does not have gives an empty curve.
    """
    counts = await curve_repository.count_points(session, run_id, by)
    return [
        _view(
            metric,
            by,
            await read_curve(session, run_id, by, metric, counts.get(metric, 0), buckets, start, end),
        )
        for metric in metrics or sorted(counts)
    ]


async def read_curve(
    session: AsyncSession,
    run_id: str,
    by: By,
    metric: str,
    count: int,
    buckets: int,
    start: float | None,
    end: float | None,
) -> Curve:
    """Return one curve of `count` points in at most `buckets` buckets; few rows are read, however long it is."""
    first, last = 0, count
    if start is not None and count:
        found = await curve_repository.find_chunk_at(session, run_id, by, metric, start, after=False)
        first = count if found is None else found[0] * CHUNK + int(found[1][0].searchsorted(start, "left"))
    if end is not None and count:
        found = await curve_repository.find_chunk_at(session, run_id, by, metric, end, after=True)
        last = count if found is None else found[0] * CHUNK + int(found[1][0].searchsorted(end, "right"))
    segments = cover(first, last, count, buckets)
    chunks = await curve_repository.read_chunks(session, run_id, by, metric, segments)
    return thin([(segment, _entries(chunks, segment)) for segment in segments], buckets)


def _entries(chunks: dict[tuple[int, int], Matrix], segment: Segment) -> Matrix:
    size = chunk_size(segment.level)
    parts = [
        chunks[segment.level, position][:, max(0, segment.first - position * size) : segment.last - position * size]
        for position in segment.positions
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _view(metric: str, by: By, curve: Curve) -> SeriesView:
    return SeriesView.model_construct(
        metric=metric,
        by=by,
        count=curve.count,
        step=curve.step.astype(np.int64).tolist(),
        value=_nullable(curve.value),
        minimum=_nullable(curve.minimum),
        maximum=_nullable(curve.maximum),
        not_finite=curve.step[curve.not_finite].astype(np.int64).tolist(),
    )


def _nullable(column: NDArray[np.float64]) -> list[float | None]:
    values: list[float | None] = column.tolist()
    for index in np.flatnonzero(~np.isfinite(column)).tolist():
        values[index] = None
    return values
