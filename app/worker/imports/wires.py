"""The wires of a graph: at which ports the arguments of a call arrive, and that no wires run in a circle."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from app.worker.imports.errors import NotAModel
from app.worker.imports.translated import Translated


def target_ports(each: Translated, place: int | str, count: int) -> list[str]:
    """Return the ports for the tensors of one argument, by its position or name in Keras' `call`."""
    if each.spec is None:
        prefix = "input" if place == 0 and count == 1 else f"inputs_{place}" if isinstance(place, int) else ""
        base = prefix or re.sub(r"[^a-z0-9_]", "_", f"in_{place}".lower())[:60]
        return [base] if count == 1 else [f"{base}.{index}" for index in range(count)]
    arguments = list(dict.fromkeys(port.argument for port in each.spec.inputs))
    if isinstance(place, int):
        place = arguments[place] if place < len(arguments) else ""
    ports = [port for port in each.spec.inputs if port.argument == place]
    if ports and ports[0].variadic:
        return [f"{ports[0].name}.{index}" for index in range(count)]
    if not ports:
        each.notes.append(f"the argument {str(place)[:60] or 'after the last'} was left out")
    return [port.name for port in ports]


def says_nothing(value: Any) -> bool:
    """Return whether an argument of a call may be left out without a word: None, False, or nothing but these."""
    if isinstance(value, list | dict):
        return all(map(says_nothing, value.values() if isinstance(value, dict) else value))
    return value is None or value is False


def refuse_circle(nodes: list[str], edges: Iterable[str], names: Mapping[str, str]) -> None:
    """Raise `NotAModel` where the wires between `nodes` run in a circle; `names` are those of the layers called."""
    within = set(nodes)
    following: dict[str, list[str]] = defaultdict(list)
    missing = dict.fromkeys(nodes, 0)
    for key in edges:
        source, _, target = key.partition("->")
        source, target = source.partition(":")[0], target.partition(":")[0]
        if target in within and source in within:
            following[source].append(target)
            missing[target] += 1
    ready = [node for node, count in missing.items() if not count]
    done = 0
    while ready:
        done += 1
        for node in following[ready.pop()]:
            missing[node] -= 1
            if not missing[node]:
                ready.append(node)
    if done < len(missing):
        turning = sorted(names[node] for node, count in missing.items() if count)
        raise NotAModel(
            "The wires of this model run in a circle.",
            expected="layers that are fed by earlier ones only",
            received=", ".join(turning)[:200],
            hint="Keras does not write such files.",
        )
