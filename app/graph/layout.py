"""Simple positions for a graph that has none: rows by longest path from the inputs, downwards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

COLUMN: Final = 240.0
ROW: Final = 130.0


def layered_positions(nodes: Iterable[str], sources: Mapping[str, list[str]]) -> dict[str, tuple[float, float]]:
    """Return `(x, y)` for each of `nodes`, given the nodes that feed it.

    A node stands one row below the lowest of its sources, near the middle of them; nodes on a cycle go to row 0.
    `nodes` must be listed before what they feed where there is no cycle; else rows are only approximate.
    """
    rows: dict[str, int] = {}
    members: dict[int, list[str]] = defaultdict(list)
    for node in nodes:
        row = max((rows[source] + 1 for source in sources.get(node, []) if source in rows), default=0)
        rows[node] = row
        members[row].append(node)
    positions: dict[str, tuple[float, float]] = {}
    for row in sorted(members):
        wanted = {node: _middle(node, sources, positions) for node in members[row]}
        ordered = sorted(members[row], key=lambda node: wanted[node])
        centre = sum(wanted.values()) / len(wanted)
        left = centre - (len(ordered) - 1) * COLUMN / 2
        for index, node in enumerate(ordered):
            positions[node] = (round(left + index * COLUMN, 1), row * ROW)
    return positions


def _middle(node: str, sources: Mapping[str, list[str]], positions: Mapping[str, tuple[float, float]]) -> float:
    places = [positions[source][0] for source in sources.get(node, []) if source in positions]
    return sum(places) / len(places) if places else 0.0
