"""What a placeholder stands for, once somebody says which class that is."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.catalog.ports import input_ports, output_ports
from app.document.edits import Edit, RemoveValue, SetValue
from app.document.model import GraphDocument
from app.graph.layer_problems import PLACEHOLDER
from app.graph.topology import Wire, port_order, read_wire
from app.shared.errors import Invalid, NotFound


def replace_placeholder(document: GraphDocument, layer_id: str, class_name: str, catalog: Catalog) -> list[Edit]:
    """Return the edits that make a placeholder a layer of `class_name`, of Keras or of the design's own code.

    What the file said of parameters that the class has is kept, and its wires go to the ports of the class in order.
    Raises `NotFound` for a layer or class that is not there, and `Invalid` for a layer that is no placeholder.
    """
    layer = document.layers.get(layer_id)
    spec = catalog.find(Kind.LAYER, class_name)
    if layer is None or spec is None or spec.marker:
        raise NotFound(
            "There is no layer or class of this name.",
            expected="a placeholder, and a layer class of the catalog or of the design's own code",
            received=f"{layer_id} and {class_name}"[:200],
        )
    if layer.class_name != PLACEHOLDER:
        raise Invalid(
            f"{layer.name} is no placeholder.", expected=PLACEHOLDER, received=layer.class_name, hint="Choose another."
        )
    config = layer.params.get("config")
    known = {param.name: param for param in spec.params}
    params: dict[str, JsonValue] = {
        name: value
        for name, value in (config.items() if isinstance(config, Mapping) else ())
        if name in known and value != known[name].default and not _is_wrapped(value)
    }
    edits: list[Edit] = [
        SetValue(path=["layers", layer_id, "class_name"], value=spec.name),
        SetValue(path=["layers", layer_id, "params"], value=params),
    ]
    moved = _moved(document, layer_id, spec, params)
    edits += [RemoveValue(path=["edges", key]) for key in moved]
    return [*edits, *(SetValue(path=["edges", key], value={}) for key in moved.values())]


def _moved(document: GraphDocument, layer_id: str, spec: ObjectSpec, params: dict[str, JsonValue]) -> dict[str, str]:
    """Return the new keys of the wires that get other ports, by their keys; a layer may feed another call of itself."""
    wires = [read_wire(key) for key in document.edges]
    targets: dict[str, str] = {}
    sources: dict[str, str] = {}
    for node in sorted(key for key, call in document.nodes.items() if call.layer == layer_id):
        incoming = [wire for wire in wires if wire.target == node]
        incoming.sort(key=lambda wire: (wire.target_port.startswith("in_"), port_order(wire.target_port)))
        ports = _keys([(port.name, port.variadic) for port in input_ports(spec, params)], len(incoming))
        targets |= {wire.key: port for wire, port in zip(incoming, ports, strict=False)}
        outgoing = [wire for wire in wires if wire.source == node]
        outputs = output_ports(spec, params)
        places = _keys([(port.name, port.variadic) for port in outputs], 1 + max(map(_number, outgoing), default=0))
        sources |= {wire.key: places[_number(wire)] for wire in outgoing if _number(wire) < len(places)}
    found = {}
    for wire in wires:
        source_port = sources.get(wire.key, wire.source_port)
        key = f"{wire.source}:{source_port}->{wire.target}:{targets.get(wire.key, wire.target_port)}"
        if key != wire.key:
            found[wire.key] = key
    return found


def _is_wrapped(value: Any) -> bool:
    """Return whether a value is an object of Keras, which the class may not take as it is."""
    return isinstance(value, Mapping) and "module" in value


def _number(wire: Wire) -> int:
    """Return which output of a placeholder a wire comes from: `output`, `output_1`."""
    number = wire.source_port.rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def _keys(ports: list[tuple[str, bool]], count: int) -> list[str]:
    found: list[str] = []
    for name, variadic in ports:
        found += [f"{name}.{index}" for index in range(count - len(found))] if variadic else [name]
    return found[:count]
