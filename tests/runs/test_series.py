"""The law of the packed curves: whatever the batches, each range of a curve is told exactly."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.runs.series import (
    CHUNK,
    FAN,
    Chunk,
    Curve,
    Matrix,
    append,
    chunk_size,
    cover,
    points,
    summarize,
    thin,
    unpack,
)


class Store:
    """The chunks of one curve, kept as the database keeps them: packed, by level and position."""

    def __init__(self) -> None:
        self.chunks: dict[tuple[int, int], tuple[bool, int, bytes]] = {}

    def append(self, new: Matrix) -> None:
        for chunk in append(self.tails(), new):
            self.chunks[chunk.level, chunk.position] = (chunk.tail, chunk.count, chunk.pack())

    def tails(self) -> dict[int, Chunk]:
        found = [(key, held) for key, held in self.chunks.items() if held[0]]
        assert len({level for (level, _), _ in found}) == len(found), "one tail a level"
        return {
            level: Chunk(level, position, unpack(level, count, data), tail=True)
            for (level, position), (_, count, data) in found
        }

    def read(self, first: int, last: int, buckets: int) -> Curve:
        parts = []
        for segment in cover(first, last, self.count, buckets):
            rows = [self._entries(segment.level, position) for position in segment.positions]
            begin = segment.first - segment.positions.start * chunk_size(segment.level)
            entries = np.concatenate(rows, axis=1)[:, begin : begin + segment.last - segment.first]
            assert entries.shape[1] == segment.last - segment.first
            parts.append((segment, entries))
        return thin(parts, buckets)

    def _entries(self, level: int, position: int) -> Matrix:
        _, count, data = self.chunks[level, position]
        return unpack(level, count, data)

    @property
    def count(self) -> int:
        tail = self.tails().get(0)
        return 0 if tail is None else tail.position * CHUNK + tail.count


def stored(values: np.ndarray, sizes: list[int]) -> Store:
    """Return a store in which `values` came in batches of `sizes`, over and over."""
    store, start, turn = Store(), 0, 0
    while start < values.size:
        size = sizes[turn % len(sizes)]
        part = values[start : start + size]
        store.append(points(range(start + 1, start + 1 + part.size), part.tolist()))
        start, turn = start + size, turn + 1
    return store


def wild(count: int, seed: int) -> np.ndarray:
    """Return values of which some are NaN or infinite, some huge."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=count) * 10.0 ** chance.integers(-3, 6, size=count)
    odd = chance.random(count)
    values[odd < 0.02] = math.nan
    values[odd > 0.99] = math.inf
    values[(odd > 0.5) & (odd < 0.51)] = -math.inf
    return values


def expect_exact(curve: Curve, values: np.ndarray, first: int) -> None:
    """Each bucket holds exactly the points between the last step before it and its own."""
    assert curve.count == values.size
    starts = np.concatenate([[first], curve.step[:-1]]).astype(int) - first
    ends = curve.step.astype(int) - first
    assert ends[-1] == values.size
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        bucket = values[start:end]
        finite = bucket[np.isfinite(bucket)]
        assert curve.not_finite[index] == (finite.size < bucket.size)
        if finite.size == 0:
            assert not np.isfinite(curve.value[index])
        elif bucket.size == 1:
            assert curve.value[index] == curve.minimum[index] == curve.maximum[index] == bucket[0]
        else:
            assert (curve.minimum[index], curve.maximum[index]) == (finite.min(), finite.max())
            assert math.isclose(curve.value[index], finite.mean(), rel_tol=1e-9, abs_tol=1e-9 * np.abs(finite).max())


@given(
    st.integers(1, 25_000),
    st.lists(st.integers(1, 4_000), min_size=1, max_size=4),
    st.integers(1, 300),
    st.data(),
)
def test_every_range_is_exact_however_the_points_came(
    count: int, sizes: list[int], buckets: int, data: st.DataObject
) -> None:
    values = wild(count, seed=count)
    store = stored(values, [size + 50 for size in sizes])
    first = data.draw(st.integers(0, count - 1))
    last = data.draw(st.integers(first + 1, count))

    curve = store.read(first, last, buckets)

    expect_exact(curve, values[first:last], first)
    assert len(curve.step) <= buckets
    assert len(curve.step) >= min(last - first, buckets) / 2


def test_points_that_fit_come_back_as_they_were_bit_for_bit() -> None:
    values = wild(2_500, seed=1)
    curve = stored(values, [7, 1_000, 1]).read(0, 2_500, 2_500)
    np.testing.assert_array_equal(curve.value, values)
    np.testing.assert_array_equal(curve.step, np.arange(1, 2_501))
    np.testing.assert_array_equal(curve.not_finite, ~np.isfinite(values))


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=50))
def test_steps_with_gaps_come_back_as_they_were(gaps: list[int]) -> None:
    steps = np.cumsum(np.array(gaps, dtype=np.float64))
    entries = points(steps.tolist(), [math.nan, *range(1, len(gaps))])
    packed = Chunk(0, 0, entries, tail=True).pack()
    np.testing.assert_array_equal(unpack(0, len(gaps), packed), entries)


@given(st.lists(st.integers(1, 3_500), min_size=1, max_size=12))
def test_the_same_points_in_other_batches_make_the_same_chunks(sizes: list[int]) -> None:
    count = sum(sizes)
    values = wild(count, seed=3)
    assert stored(values, sizes).chunks == stored(values, [count]).chunks


def test_a_pyramid_over_a_long_curve_is_read_in_few_chunks() -> None:
    count = 1_234_567
    segments = cover(17, count - 5, count, 1_000)
    assert sum(len(segment.positions) for segment in segments) < 60
    assert sum((segment.last - segment.first) * FAN**segment.level for segment in segments) == count - 22


def test_an_empty_curve_has_no_buckets() -> None:
    curve = Store().read(0, 0, 100)
    assert (curve.count, curve.step.size) == (0, 0)
    assert summarize(0, points([], []), np.zeros(0, dtype=np.intp)).shape == (6, 0)
