"""Two models on one fixed batch: what a `Proof` is made of."""

from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any, Final, NamedTuple

import keras
import numpy as np

from app.messages.exports import ComparedOutput, ExportFormat, Proof
from app.worker.building.recurrent import reset_states
from app.worker.exports.errors import ExportFailed

OPEN_SIZES: Final = (32, 96, 256)
"""What stands for an axis of any size in the batch that is compared: the first one that the model takes."""

SAMPLES: Final = 4

_INDEXED: Final = frozenset({"Embedding", "ReversibleEmbedding", "IntegerLookup", "CategoryEncoding", "HashedCrossing"})


class Tolerance(NamedTuple):
    """Values agree where `|ours - theirs| <= atol + rtol * |theirs|`."""

    rtol: float
    atol: float


SAME_RUNTIME: Final = Tolerance(1e-6, 1e-6)
"""For what Keras itself reads back: the same operations in the same order."""

SAME_KERNELS: Final = Tolerance(1e-5, 1e-5)
"""For TensorFlow's own graphs, whose optimizer may join operations."""

OTHER_RUNTIME: Final = Tolerance(1e-3, 1e-4)
"""For other runtimes, which sum in another order."""

_REDUCED: Final = {"float16": Tolerance(1e-2, 1e-2), "bfloat16": Tolerance(5e-2, 5e-2)}
"""For models that calculate in a short float, whatever reads them back in another way than Keras."""


class Batch(NamedTuple):
    """The fixed input arrays, one for each input of the model, and what the model makes of them."""

    inputs: list[Any]
    outputs: list[Any]


def fixed_batch(model: Any) -> Batch:
    """Return arrays that are always the same, and the predictions of `model`; raise `ExportFailed` if it has none."""
    failure: Exception | None = None
    for size in OPEN_SIZES:
        inputs = _inputs(model, size)
        try:
            return Batch(inputs, predictions(model, inputs))
        except Exception as error:
            failure = failure or error
        if all(None not in tensor.shape[1:] for tensor in model.inputs):
            break
    raise ExportFailed(
        "The model was built, but predicts nothing on a fixed batch.",
        expected=f"a prediction for {SAMPLES} samples, open axes of one of {', '.join(map(str, OPEN_SIZES))}",
        received=str(failure)[:1_000],
        hint="Give the inputs the sizes that the layers after them take.",
    ) from failure


def _inputs(model: Any, open_size: int) -> list[Any]:
    """Return one array for each input: 0 and 1 where a layer takes them as indices, else from 0 to 1."""
    random = np.random.default_rng(0)
    batch = next((tensor.shape[0] for tensor in model.inputs if tensor.shape[0]), SAMPLES)
    indexed = any(type(layer).__name__ in _INDEXED for layer in all_layers(model))
    arrays: list[Any] = []
    for tensor in model.inputs:
        shape = (batch, *(size or open_size for size in tensor.shape[1:]))
        if tensor.dtype == "string":
            arrays.append(np.full(shape, "a word", dtype=object))
        elif indexed or not tensor.dtype.startswith(("float", "bfloat")):
            arrays.append(random.integers(0, 2, shape).astype("float32" if "float" in tensor.dtype else tensor.dtype))
        else:
            arrays.append(random.uniform(0, 1, shape).astype("float64" if tensor.dtype == "float64" else "float32"))
    return arrays


def all_layers(model: Any) -> Iterator[Any]:
    """Every layer of a model, those inside others too."""
    yield from model._flatten_layers(include_self=False)


def predictions(model: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a Keras model as arrays; the states of stateful layers start from zero."""
    reset_states(model)
    tensors = [keras.ops.convert_to_tensor(array) for array in inputs]
    outputs = model(tensors[0] if len(tensors) == 1 else tensors, training=False)
    reset_states(model)
    return [as_array(output) for output in keras.tree.flatten(outputs)]


def as_array(tensor: Any) -> Any:
    """Return a dense array; short floats become float32, which NumPy can compare."""
    array = keras.ops.convert_to_numpy(tensor)
    return array.astype("float32") if str(array.dtype) in _REDUCED else array


def compared(
    kind: ExportFormat,
    model: Any,
    ours: Batch,
    theirs: Sequence[Any],
    tolerance: Tolerance,
    read_by: str,
    *,
    trained: bool,
    notes: Sequence[str] = (),
) -> Proof:
    """Return the proof that `theirs` are our outputs; raise `ExportFailed` where one of them is not.

    Of an output that is another one at each prediction the shape alone is compared, and the notes say so.
    """
    if len(theirs) != len(ours.outputs):
        raise _differs(f"{len(ours.outputs)} outputs", f"{len(theirs)}")
    outputs, again, told = [], None, list(notes)
    for index, (tensor, one, other) in enumerate(zip(model.outputs, ours.outputs, theirs, strict=True)):
        name = tensor._keras_history.operation.name
        if one.shape != other.shape:
            raise _differs(f"the shape {one.shape} of {name}", f"{other.shape}")
        difference = largest_difference(one, other)
        if not agree(one, other, tolerance):
            again = again or predictions(model, ours.inputs)
            if not agree(one, again[index], tolerance):
                told.append(f"{name} draws random numbers as it predicts: its shape alone was compared.")
                continue
            raise _differs(
                f"predictions within {tolerance.atol:g} + {tolerance.rtol:g} of the value on a fixed batch",
                f"a difference of {difference:g} in {name}",
            )
        outputs.append(
            ComparedOutput(name=name, shape=list(one.shape), dtype=str(tensor.dtype), largest_difference=difference)
        )
    return Proof(
        format=kind,
        read_by=read_by,
        samples=len(ours.outputs[0]) if ours.outputs and ours.outputs[0].ndim else 0,
        rtol=tolerance.rtol,
        atol=tolerance.atol,
        outputs=outputs,
        trained=trained,
        notes=told,
        versions=versions("keras", "tensorflow", "numpy"),
        **counts(model),
    )


def check_weights(ours: Any, theirs: Any) -> None:
    """Raise `ExportFailed` unless two models have equal weights in the same order."""
    pairs = zip(ours.get_weights(), theirs.get_weights(), strict=True)
    if not all(np.array_equal(one, other, equal_nan=True) for one, other in pairs):
        raise _differs("equal weights", "another value in one of them")


def counts(model: Any) -> dict[str, int]:
    """Return the numbers of all weights and of those that training changes."""
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"parameters": int(model.count_params()), "trainable_parameters": trainable}


def relaxed(model: Any, tolerance: Tolerance) -> Tolerance:
    """Return `tolerance`, or a wider one where a layer calculates in a short float."""
    short = {str(getattr(layer, "compute_dtype", "")) for layer in all_layers(model)} & _REDUCED.keys()
    return max((_REDUCED[name] for name in short), default=tolerance)


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of `packages`."""
    return {package: metadata.version(package) for package in packages}


def largest_difference(one: Any, other: Any) -> float:
    """Return the largest absolute difference of two arrays; 0 for texts, which are equal or not."""
    if not np.issubdtype(one.dtype, np.number) or not one.size:
        return 0.0
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return 0.0 if np.isnan(difference).all() else float(np.nanmax(difference))


def agree(one: Any, other: Any, tolerance: Tolerance) -> bool:
    """Return whether two arrays are equal within `tolerance`; texts are equal or not."""
    if not np.issubdtype(one.dtype, np.number):
        return bool(np.array_equal(one, other))
    return bool(np.allclose(one, other, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True))


def _differs(expected: str, received: str) -> ExportFailed:
    return ExportFailed(
        "The file was written, but what it holds predicts something else.",
        expected=expected,
        received=received,
        hint="Report this design; the file was thrown away.",
    )
