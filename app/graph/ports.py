"""Which port of a layer an end of a wire means."""

from collections.abc import Iterable, Sequence

from app.catalog.model import PortSpec


def find_port(ports: Iterable[PortSpec], key: str) -> PortSpec | None:
    """Return the port that an edge key names: `inputs.3` is of the variadic port `inputs`."""
    for port in ports:
        if not port.variadic:
            if port.name == key:
                return port
        elif key.startswith(f"{port.name}.") and len(key) > len(port.name) + 1:
            return port
    return None


def first_key(port: PortSpec, taken: Iterable[str] = ()) -> str:
    """Return the key of `port` in an edge; for a variadic one, the first number above those in `taken`."""
    if not port.variadic:
        return port.name
    numbers = [int(key.rpartition(".")[2]) for key in taken if key.startswith(f"{port.name}.")]
    return f"{port.name}.{max(numbers, default=-1) + 1}"


def output_keys(ports: Sequence[PortSpec], count: int) -> list[str]:
    """Return the keys of `count` outputs in the order of Keras; a variadic port takes all that are left."""
    keys: list[str] = []
    for port in ports:
        if port.variadic:
            keys += [f"{port.name}.{index}" for index in range(count - len(keys))]
        else:
            keys.append(port.name)
    return keys[:count]
