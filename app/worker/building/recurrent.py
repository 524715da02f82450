"""States of recurrent layers: set to zero, in the lists that cells take, and held against the sizes that cells want.

Keras compares initial states only when numbers flow.
"""

from collections.abc import Sequence
from typing import Any

import keras

Shape = tuple[int | None, ...]


def reset_states(model: Any) -> None:
    """Set the states of stateful layers to zero, those inside other layers too."""
    for layer in model._flatten_layers(include_self=False):
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
            layer.reset_state()


def as_cells_take_them(layer: Any, states: Any) -> Any:
    """Return initial states as `layer` takes them: for a stack of cells, with a list for each cell of several states.

    Raises `ValueError`, in the words of Keras, where there are not as many as the stack has.
    """
    sizes = _stacked_sizes(layer)
    if not sizes:
        return states
    wanted = len(keras.tree.flatten(sizes))
    if len(states) != wanted:
        raise ValueError(_wrong_count(wanted, len(states)))
    return keras.tree.pack_sequence_as(sizes, states)


def _stacked_sizes(layer: Any) -> list[Any]:
    """Return the state sizes of the stack of cells under `layer`; nothing where there is none."""
    if isinstance(layer, keras.layers.Bidirectional):
        return _stacked_sizes(layer.forward_layer) + _stacked_sizes(layer.backward_layer)
    cell = getattr(layer, "cell", None)
    return list(cell.state_size) if isinstance(cell, keras.layers.StackedRNNCells) else []


def _wrong_count(wanted: int, given: int) -> str:
    return f"initial_state takes exactly {wanted} states. Received: {given}"


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
        raise ValueError(_wrong_count(len(wanted), len(states)))
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
    sizes = keras.tree.flatten(getattr(cell, "state_size", None))
    if not sizes or not all(isinstance(size, int) for size in sizes):
        return None
    if isinstance(layer, _CONVOLUTIONAL):
        shape = tuple(output.shape)
        place = shape[2:-1] if layer.return_sequences else shape[1:-1]
        return [(*place, cell.filters)] * 2
    return [(size,) for size in sizes]


_CONVOLUTIONAL = (keras.layers.ConvLSTM1D, keras.layers.ConvLSTM2D, keras.layers.ConvLSTM3D)
