"""Initial states of recurrent layers, which Keras compares with what the cell wants only when numbers flow."""

from collections.abc import Sequence
from typing import Any

import keras

Shape = tuple[int | None, ...]


def check_states(layer: Any, outputs: Any, states: Sequence[Shape] | None) -> None:
    """Raise `ValueError` where the shapes of initial states, batch included, are not those that `layer` works with.

    The words are those of Keras for other inputs; the states are inputs 1, 2, and so on. `outputs` is what the called
    layer gave, symbolically.
    """
    if states is None:
        return
    wanted = _states_of(layer, keras.tree.flatten(outputs)[0])
    if wanted is None:
        return
    if len(states) != len(wanted):
        raise ValueError(f"initial_state takes exactly {len(wanted)} states. Received: {len(states)}")
    for index, (given, size) in enumerate(zip(states, wanted, strict=True)):
        where = f'Input {index + 1} of layer "layer" is incompatible with the layer: expected'
        if len(given) != len(size) + 1:
            raise ValueError(f"{where} ndim={len(size) + 1}, found ndim={len(given)}")
        for axis, wanted_size in enumerate(size, start=1):
            if None not in (given[axis], wanted_size) and given[axis] != wanted_size:
                raise ValueError(
                    f"{where} axis {axis - len(given)} of input shape to have value {wanted_size}, "
                    f"but received input with shape {given}"
                )


def _states_of(layer: Any, output: Any) -> list[Shape] | None:
    """Return the shapes of the states of `layer` without the batch axis; None where it has none that are known."""
    if isinstance(layer, keras.layers.Bidirectional):
        forward, backward = _states_of(layer.forward_layer, output), _states_of(layer.backward_layer, output)
        return None if forward is None or backward is None else [*forward, *backward]
    cell: Any = getattr(layer, "cell", None)
    if isinstance(cell, keras.layers.StackedRNNCells):
        raise ValueError("An RNN over a stack of cells takes its initial states nested, which wires cannot give.")
    sizes = keras.tree.flatten(getattr(cell, "state_size", None))
    if not sizes or not all(isinstance(size, int) for size in sizes):
        return None
    if isinstance(layer, _CONVOLUTIONAL):
        shape = tuple(output.shape)
        place = shape[2:-1] if layer.return_sequences else shape[1:-1]
        return [(*place, cell.filters)] * 2
    return [(size,) for size in sizes]


_CONVOLUTIONAL = (keras.layers.ConvLSTM1D, keras.layers.ConvLSTM2D, keras.layers.ConvLSTM3D)
