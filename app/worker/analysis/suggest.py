"""What Keras takes, but was probably not meant."""

from collections.abc import Iterator
from typing import Final

from app.graph import fixes
from app.graph.model import Problem
from app.graph.topology import Wire, upstream_of
from app.worker.analysis.explain import RECURRENT, shown
from app.worker.analysis.reading import Reading

_HEAD: Final = frozenset({"Dense", "Activation", "Softmax", "ReLU", "Dropout", "BatchNormalization"})
_SEQUENCES: Final = RECURRENT | {"Attention", "MultiHeadAttention", "TimeDistributed"}


def flatten_suggestions(reading: Reading) -> Iterator[Problem]:
    """A Dense that runs along the axes of an image, up to the Output, was probably meant to see it flat."""
    found = reading.found
    for output in sorted(found.live("")):
        if found.marker_of(output) != "output":
            continue
        wire = find_unflattened(reading, output)
        if wire is None or not _is_picture(reading, wire):
            continue
        shape = reading.specs[wire.source, wire.source_port].shape
        yield Problem(
            code="flatten_suggested",
            severity="warning",
            node=wire.target,
            port=wire.target_port,
            upstream=wire.source,
            message=f"{found.name_of(wire.target)} works on each position of {shown(shape)} by itself.",
            expected="a flat input, (None, features), to predict one thing for a sample",
            received=f"{shown(shape)} from {found.name_of(wire.source)}",
            hint="Insert Flatten, or global pooling, before it.",
            fix=fixes.insert_layer(found.document, found.topology, wire, "Flatten", {}),
        )


def find_unflattened(reading: Reading, output: str) -> Wire | None:
    """Return the wire above an Output where a Flatten is missing: into the first Dense of its last Dense layers."""
    found, missing = reading.found, None
    wires = found.topology.incoming[output]
    while len(wires) == 1:
        spec = reading.specs.get((wires[0].source, wires[0].source_port))
        layer = found.layer_of(wires[0].source)
        if spec is None or len(spec.shape) < 3 or layer.class_name not in _HEAD:
            break
        wires = found.topology.incoming[wires[0].source]
        if layer.class_name == "Dense" and len(wires) == 1:
            missing = wires[0]
    return missing


def _is_picture(reading: Reading, wire: Wire) -> bool:
    """Return whether the tensor on `wire` has axes of space, rather than of time steps."""
    found = reading.found
    if len(reading.specs[wire.source, wire.source_port].shape) > 3:
        return True
    above = {found.layer_of(node).class_name for node in upstream_of([wire.source], found.topology.incoming)}
    return "Conv1D" in above and not above & _SEQUENCES
