"""Curves, packed: chunks of 1,000 points with a pyramid of summaries over them (ADR 0050).

Level 0 holds the points of a curve in the order of their steps. An entry of level n > 0 sums up 10**n consecutive
points; the levels above 0 cover whole chunks of level 0 only, so that points come into the last chunk cheaply.
Every chunk is a float64 matrix: `POINT_ROWS` x count at level 0, `SUMMARY_ROWS` x count above. NaN and infinite
points are kept at level 0; summaries count only finite ones and say how many there were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

CHUNK: Final = 1_000
"""Points of a full chunk of level 0."""

SUMMARIES: Final = 100
"""Entries of a full chunk of the other levels: small, since their tails are written again and again."""

FAN: Final = 10
"""Entries of one level that one entry of the next sums up."""

POINT_ROWS: Final = 2
"""step, value"""

SUMMARY_ROWS: Final = 6
"""last step, number of points, number of finite points, sum of the finite ones, their minimum, their maximum"""

_STEP, _POINTS, _FINITE, _TOTAL, _MINIMUM, _MAXIMUM = range(SUMMARY_ROWS)


def chunk_size(level: int) -> int:
    """Return how many entries a full chunk of `level` holds."""
    return SUMMARIES if level else CHUNK


@dataclass(frozen=True)
class Chunk:
    """The entries `position * chunk_size(level)` and on of a level; `tail` is true for the last chunk of its level."""

    level: int
    position: int
    entries: Matrix
    tail: bool

    @property
    def count(self) -> int:
        return int(self.entries.shape[1])

    @property
    def last_step(self) -> float:
        return float(self.entries[_STEP, -1])

    @property
    def extent(self) -> tuple[float, float] | None:
        """The least and the greatest finite value; None when there is none."""
        if self.level:
            lowest, highest = np.fmin.reduce(self.entries[_MINIMUM]), np.fmax.reduce(self.entries[_MAXIMUM])
            return None if np.isnan(lowest) else (float(lowest), float(highest))
        values = self.entries[1]
        finite = values[np.isfinite(values)]
        return (float(finite.min()), float(finite.max())) if finite.size else None

    def pack(self) -> bytes:
        """Return the entries as bytes; `unpack` reads them. Of evenly spaced steps, the first and the gap are kept."""
        if self.level == 0 and self.count > POINT_ROWS:
            steps, values = self.entries
            first, gap = steps[0], steps[1] - steps[0]
            if np.array_equal(steps, first + gap * np.arange(self.count)):
                return np.concatenate([[first, gap], values]).tobytes()
        return self.entries.tobytes()


def unpack(level: int, count: int, data: bytes) -> Matrix:
    """Return the entries of a chunk of `level` that `Chunk.pack` packed."""
    numbers = np.frombuffer(data, dtype=np.float64)
    if level == 0 and count > POINT_ROWS and numbers.size == count + POINT_ROWS:
        first, gap = numbers[:POINT_ROWS]
        return np.stack([first + gap * np.arange(count), numbers[POINT_ROWS:]])
    return numbers.reshape(SUMMARY_ROWS if level else POINT_ROWS, count)


def points(steps: Sequence[float], values: Sequence[float]) -> Matrix:
    """Return points as entries of level 0."""
    return np.stack([np.array(steps, dtype=np.float64), np.array(values, dtype=np.float64)])


def summarize(level: int, entries: Matrix, starts: NDArray[np.intp]) -> Matrix:
    """Sum up entries of `level` in groups that begin at `starts` (strictly rising, the first is 0)."""
    lifted = entries if level else _lift(entries)
    if lifted.shape[1] == 0:
        return np.empty((SUMMARY_ROWS, 0))
    ends = np.append(starts[1:], lifted.shape[1]) - 1
    with np.errstate(over="ignore", invalid="ignore"):
        totals = np.add.reduceat(lifted[_POINTS : _TOTAL + 1], starts, axis=1)
    return np.stack(
        [
            lifted[_STEP, ends],
            *totals,
            np.fmin.reduceat(lifted[_MINIMUM], starts),
            np.fmax.reduceat(lifted[_MAXIMUM], starts),
        ]
    )


def _lift(entries: Matrix) -> Matrix:
    """Return points as summaries of one point each; minimum and maximum are NaN where there is no finite point."""
    steps, values = entries
    finite = np.isfinite(values)
    known = np.where(finite, values, np.nan)
    return np.stack(
        [steps, np.ones_like(steps), finite.astype(np.float64), np.where(finite, values, 0.0), known, known]
    )


def append(tails: dict[int, Chunk], new: Matrix) -> list[Chunk]:
    """Return the chunks that change when the points `new` follow; `tails` holds the last chunk of each level."""
    full_before = tails[0].position if 0 in tails and tails[0].count == CHUNK else -1
    changed = _extend(0, tails.get(0), new)
    complete = [chunk.entries for chunk in changed if chunk.count == CHUNK and chunk.position > full_before]
    lower, level = (np.concatenate(complete, axis=1) if complete else new[:, :0]), 0
    while lower.shape[1]:
        upper = _next_level(level, lower, tails)
        level += 1
        if upper is None:
            break
        changed += _extend(level, tails.get(level), upper)
        lower = upper
    return changed


def _next_level(level: int, lower: Matrix, tails: dict[int, Chunk]) -> Matrix | None:
    """Return the entries of `level` + 1 that are complete now that `lower` has come to `level`; None for none.

    Above level 0 a group of ten may have begun in the tail of that level, before `lower`.
    """
    pending = 0
    if level and level in tails:
        pending = tails[level].count % FAN
    if pending:
        lower = np.concatenate([tails[level].entries[:, -pending:], lower], axis=1)
    whole = lower.shape[1] // FAN * FAN
    return summarize(level, lower[:, :whole], np.arange(0, whole, FAN, dtype=np.intp)) if whole else None


def _extend(level: int, tail: Chunk | None, new: Matrix) -> list[Chunk]:
    """Put `new` entries after the `tail` of a level; return every chunk that changed, the tail last."""
    if not new.shape[1]:
        return []
    size = chunk_size(level)
    entries, position = new, 0
    changed = []
    if tail is not None and tail.count < size:
        entries, position = np.concatenate([tail.entries, new], axis=1), tail.position
    elif tail is not None:
        position = tail.position + 1
        changed.append(Chunk(level, tail.position, tail.entries, tail=False))
    starts = range(0, entries.shape[1], size)
    changed += [
        Chunk(level, position + index, entries[:, start : start + size], tail=start == starts[-1])
        for index, start in enumerate(starts)
    ]
    return changed


@dataclass(frozen=True)
class Segment:
    """The entries `first` to `last` (left out) of one level."""

    level: int
    first: int
    last: int

    @property
    def positions(self) -> range:
        """The positions of the chunks that hold them."""
        size = chunk_size(self.level)
        return range(self.first // size, (self.last - 1) // size + 1)


def cover(first: int, last: int, count: int, buckets: int) -> list[Segment]:
    """Return what to read for the points `first` to `last` (left out) of a curve of `count` points.

    The segments follow one another and hold each point exactly once, with at least `buckets` entries when there are
    as many points, and not many times more.
    """
    level = 0
    while (last - first) // FAN ** (level + 1) >= buckets:
        level += 1
    return _cover(first, last, count // CHUNK * CHUNK, level)


def _cover(first: int, last: int, complete: int, level: int) -> list[Segment]:
    if first >= last:
        return []
    if level == 0:
        return [Segment(0, first, last)]
    size = FAN**level
    begin, end = -(-first // size), min(last, complete) // size
    if begin >= end:
        return _cover(first, last, complete, level - 1)
    before = _cover(first, begin * size, complete, level - 1)
    after = _cover(end * size, last, complete, level - 1)
    return [*before, Segment(level, begin, end), *after]


@dataclass(frozen=True)
class Curve:
    """A curve for a chart, in columns of equal length; NaN where a bucket has no finite point.

    `value` is the mean of a bucket's finite points, or the point itself where a bucket is one point.
    """

    count: int
    step: NDArray[np.float64]
    value: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    not_finite: NDArray[np.bool_]


def thin(parts: list[tuple[Segment, Matrix]], buckets: int) -> Curve:
    """Reduce the entries of covering segments to at most `buckets` buckets of nearly equal numbers of points."""
    if len(parts) == 1 and parts[0][0].level == 0 and parts[0][1].shape[1] <= buckets:
        return _exact(parts[0][1])
    if not parts:
        return _exact(np.empty((POINT_ROWS, 0)))
    entries = np.concatenate([part if segment.level else _lift(part) for segment, part in parts], axis=1)
    before = np.cumsum(entries[_POINTS]) - entries[_POINTS]
    count = int(entries[_POINTS].sum())
    group = np.floor(before * buckets / count)
    starts = np.flatnonzero(np.diff(group, prepend=-1.0))
    summary = summarize(1, entries, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.clip(summary[_TOTAL] / summary[_FINITE], summary[_MINIMUM], summary[_MAXIMUM])
    return Curve(
        count,
        summary[_STEP],
        mean,
        summary[_MINIMUM],
        summary[_MAXIMUM],
        summary[_FINITE] < summary[_POINTS],
    )


def _exact(entries: Matrix) -> Curve:
    steps, values = entries
    finite = np.isfinite(values)
    return Curve(steps.size, steps, values, values, values, ~finite)
