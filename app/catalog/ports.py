"""Which ports a layer has, given its parameters."""

from collections.abc import Mapping
from typing import Any

from app.catalog.model import ObjectSpec, PortSpec


def input_ports(spec: ObjectSpec, params: Mapping[str, Any]) -> tuple[PortSpec, ...]:
    """Return the input ports that exist when `params` are set; a variadic port stands once."""
    return tuple(port for port in spec.inputs if _exists(port, spec, params))


def output_ports(spec: ObjectSpec, params: Mapping[str, Any]) -> tuple[PortSpec, ...]:
    """Return the output ports that exist when `params` are set, in the order in which Keras returns them."""
    return tuple(port for port in spec.outputs if _exists(port, spec, params))


def _exists(port: PortSpec, spec: ObjectSpec, params: Mapping[str, Any]) -> bool:
    return all(_holds(_value(path, spec, params), wanted) for path, wanted in port.when.items())


def _holds(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _value(path: str, spec: ObjectSpec, params: Mapping[str, Any]) -> Any:
    first, *rest = path.split(".")
    defaults = {param.name: param.default for param in spec.params}
    value = params.get(first, defaults.get(first))
    for key in rest:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
