"""Which ports a layer has, given its parameters."""

from collections.abc import Callable, Mapping
from typing import Any

from app.catalog.model import ObjectSpec, PortSpec

Follow = Callable[[Any], Any]
"""Returns the class and parameters that `{"layer": id}` stands for as an object, and any other value as it is."""


def _as_it_is(value: Any) -> Any:
    return value


def input_ports(spec: ObjectSpec, params: Mapping[str, Any], follow: Follow = _as_it_is) -> tuple[PortSpec, ...]:
    """Return the input ports that exist when `params` are set; a variadic port stands once."""
    return tuple(port for port in spec.inputs if _exists(port, spec, params, follow))


def output_ports(spec: ObjectSpec, params: Mapping[str, Any], follow: Follow = _as_it_is) -> tuple[PortSpec, ...]:
    """Return the output ports that exist when `params` are set, in the order in which Keras returns them."""
    return tuple(port for port in spec.outputs if _exists(port, spec, params, follow))


def _exists(port: PortSpec, spec: ObjectSpec, params: Mapping[str, Any], follow: Follow) -> bool:
    return all(_holds(_value(path, spec, params, follow), wanted) for path, wanted in port.when.items())


def _holds(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _value(path: str, spec: ObjectSpec, params: Mapping[str, Any], follow: Follow) -> Any:
    first, *rest = path.split(".")
    defaults = {param.name: param.default for param in spec.params}
    value = params.get(first, defaults.get(first))
    for key in rest:
        value = follow(value)
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
