"""What a layer costs: floating-point operations and activation memory of one sample, from shapes alone.

A multiplication and an addition count as two operations, as in the profiler of TensorFlow. Comparisons, look-ups and
moves of data count as none; an axis of open size counts as one step.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Shape = Sequence[int | None]

BYTES: Final[Mapping[str, int]] = {
    "float64": 8,
    "int64": 8,
    "uint64": 8,
    "complex64": 8,
    "complex128": 16,
    "float16": 2,
    "bfloat16": 2,
    "int16": 2,
    "uint16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
"""Bytes of one value; every other dtype has four."""

TRAINING_COPIES: Final[Mapping[str, int]] = {
    "SGD": 1,
    "RMSprop": 1,
    "Adagrad": 1,
    "Lion": 1,
    "Adafactor": 1,
    "Muon": 1,
    "Adadelta": 2,
    "Ftrl": 2,
}
"""Values that an optimizer keeps beside each trainable one, at most; those not named keep two, as Adam does."""

_FREE: Final = frozenset(
    {
        *("InputLayer", "Output", "Identity", "Flatten", "Reshape", "Permute", "RepeatVector", "Concatenate"),
        *("Embedding", "Masking", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D"),
        *("Cropping3D", "UpSampling1D", "UpSampling3D", "CategoryEncoding", "Discretization", "Hashing"),
        *("IntegerLookup", "StringLookup", "TextVectorization", "HashedCrossing", "Dropout", "SpatialDropout1D"),
        *("SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
        *("ActivityRegularization", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "GlobalMaxPooling1D"),
        *("GlobalMaxPooling2D", "GlobalMaxPooling3D", "ReLU"),
        *("ops.reshape", "ops.transpose", "ops.getitem", "ops.concatenate", "ops.stack", "ops.expand_dims"),
        *("ops.squeeze", "ops.cast", "ops.split", "ops.pad", "ops.take", "ops.flip", "ops.swapaxes", "ops.repeat"),
        *("ops.tile", "ops.broadcast_to", "ops.relu", "ops.max", "ops.argmax"),
    }
)


@dataclass(frozen=True)
class Cost:
    """Operations of one forward pass of one sample, and bytes of what the layer gives for it."""

    flops: int
    activation_bytes: int


def cost_of(
    class_name: str,
    params: Mapping[str, Any],
    inputs: Sequence[Shape],
    outputs: Sequence[Shape],
    weights: int,
    dtypes: Sequence[str] = (),
) -> Cost:
    """Return what one call costs; shapes begin with the batch axis, which counts as one.

    `weights` is the number of values in the layer's weights, `params` are those that the design sets.
    """
    given = [_size(shape) for shape in outputs]
    stored = sum(
        size * BYTES.get(dtype, 4) for size, dtype in zip(given, [*dtypes, *["float32"] * len(given)], strict=False)
    )
    return Cost(flops_of(class_name, params, inputs, outputs, weights), stored)


def flops_of(
    class_name: str, params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int
) -> int:
    """Return the operations of one forward pass of one sample through a layer of `class_name`."""
    if class_name in _FREE or not outputs:
        return 0
    rule = _RULES.get(class_name)
    if rule is not None and inputs:
        return rule(params, inputs, outputs, weights)
    positions = sum(_size(shape) for shape in outputs)
    return positions * max(len(inputs) - 1, 1)


Rule = Callable[[Mapping[str, Any], Sequence[Shape], Sequence[Shape], int], int]


def _size(shape: Shape) -> int:
    return math.prod(size or 1 for size in shape[1:])


def _last(shape: Shape) -> int:
    return (shape[-1] or 1) if shape else 1


def _bias(params: Mapping[str, Any], width: int) -> int:
    return width if params.get("use_bias", True) else 0


def _dense(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """Two operations for each weight at each position: the kernel's product, and the bias once."""
    width = _last(outputs[0])
    positions = _size(outputs[0]) // max(width, 1)
    kernel = weights - _bias(params, width)
    return positions * (2 * kernel + _bias(params, width))


def _convolution(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    channels = _channels(params, outputs[0])
    positions = _size(outputs[0]) // max(channels, 1)
    bias = _bias(params, channels)
    return positions * (2 * max(weights - bias, 0) + bias)


def _transposed(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """A transposed convolution multiplies its kernel at every position of its input."""
    channels = _channels(params, outputs[0])
    bias = _bias(params, channels)
    positions = _size(inputs[0]) // max(_channels(params, inputs[0]), 1)
    return positions * 2 * max(weights - bias, 0) + _size(outputs[0]) * bool(bias)


def _unshared(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """A locally connected layer uses each of its kernel's weights once."""
    bias = _size(outputs[0]) if params.get("use_bias", True) else 0
    return 2 * (weights - bias) + bias


def _recurrent(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """Every weight of the cell works once a time step."""
    return 2 * weights * ((inputs[0][1] or 1) if len(inputs[0]) > 2 else 1)


def _recurrent_convolution(
    params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int
) -> int:
    steps = (inputs[0][1] or 1) if len(inputs[0]) > 2 else 1
    filters = max(_last(outputs[0]), 1)
    shape = outputs[0] if not params.get("return_sequences") else (outputs[0][0], *outputs[0][2:])
    return 2 * weights * steps * (_size(shape) // filters)


def _pooling(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    window = params.get("pool_size", 2)
    rank = max(len(outputs[0]) - 2, 1)
    sizes = window if isinstance(window, list | tuple) else [window] * rank
    return _size(outputs[0]) * math.prod(size for size in sizes if isinstance(size, int))


def _whole_input(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    return sum(_size(shape) for shape in inputs)


def _times(factor: int) -> Rule:
    return lambda params, inputs, outputs, weights: factor * sum(_size(shape) for shape in outputs)


def _attention(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """Scores and their weighted sum, each two operations a pair of positions and feature; five a score to normalise."""
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    rows, columns = _size(query) // max(_last(query), 1), _size(value) // max(_last(value), 1)
    return rows * columns * (2 * _last(query) + 2 * _last(value) + 5)


def _multi_head(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    heads = params.get("num_heads", params.get("num_query_heads", 1))
    depth = params.get("key_dim", params.get("head_dim", 1))
    heads, depth = (size if isinstance(size, int) else 1 for size in (heads, depth))
    values = params.get("value_dim")
    values = values if isinstance(values, int) else depth
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    rows, columns = _size(query) // max(_last(query), 1), _size(value) // max(_last(value), 1)
    projections = (_last(query) + _last(outputs[0])) * heads * rows * depth
    projections += _last(value) * heads * columns * (depth + values)
    return 2 * projections + heads * rows * columns * (2 * depth + 2 * values + 5)


def _time_distributed(
    params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int
) -> int:
    """The inner layer works once a time step."""
    if len(inputs[0]) < 2:
        return 0
    inner = [[(*shape[:1], *shape[2:]) for shape in shapes] for shapes in (inputs, outputs)]
    return (inputs[0][1] or 1) * _inner(params, inner[0], inner[1], weights)


def _spectral_normalization(
    params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int
) -> int:
    """The inner layer works as it is: its kernel is normalised while training, with a vector that is left out here."""
    return _inner(params, inputs, outputs, weights - _last(outputs[0]))


def _inner(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    layer = params.get("layer")
    class_name = layer.get("class_name") if isinstance(layer, Mapping) else None
    if not isinstance(layer, Mapping) or not isinstance(class_name, str):
        return 0
    config = layer.get("config")
    return flops_of(class_name, config if isinstance(config, Mapping) else {}, inputs, outputs, weights)


def _product(params: Mapping[str, Any], inputs: Sequence[Shape], outputs: Sequence[Shape], weights: int) -> int:
    """A matrix product: two operations for each value of the result and of the axis that is summed over."""
    return 2 * _size(outputs[0]) * _last(inputs[0])


def _channels(params: Mapping[str, Any], shape: Shape) -> int:
    first = params.get("data_format") == "channels_first"
    return (shape[1] or 1) if first and len(shape) > 2 else _last(shape)


_RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(["Dense", "EinsumDense"], _dense),
    **dict.fromkeys(["Conv1D", "Conv2D", "Conv3D"], _convolution),
    **dict.fromkeys(["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"], _convolution),
    **dict.fromkeys(["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"], _transposed),
    **dict.fromkeys(["LocallyConnected1D", "LocallyConnected2D"], _unshared),
    **dict.fromkeys(["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"], _recurrent),
    **dict.fromkeys(["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"], _recurrent_convolution),
    **dict.fromkeys(["AveragePooling1D", "AveragePooling2D", "AveragePooling3D"], _pooling),
    **dict.fromkeys(
        ["GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "ops.sum", "ops.mean"],
        _whole_input,
    ),
    **dict.fromkeys(["BatchNormalization", "Normalization", "Rescaling", "LayerScale"], _times(2)),
    **dict.fromkeys(["LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"], _times(8)),
    **dict.fromkeys(["Softmax", "UpSampling2D"], _times(5)),
    **dict.fromkeys(["Attention", "AdditiveAttention"], _attention),
    **dict.fromkeys(["MultiHeadAttention", "GroupQueryAttention"], _multi_head),
    "TimeDistributed": _time_distributed,
    "SpectralNormalization": _spectral_normalization,
    **dict.fromkeys(["Dot", "ops.matmul", "ops.dot"], _product),
}


def training_bytes(weights: int, trainable: int, activations: int, batch_size: int, optimizer: str) -> int:
    """Return the memory of one training step in bytes: weights, gradients, optimizer state, and activations twice.

    `weights` and `trainable` count values of four bytes, `activations` is bytes of one sample. Activations are kept
    for the backward pass, and their gradients are as large. What Keras and TensorFlow take for themselves is left out.
    """
    copies = TRAINING_COPIES.get(optimizer, 2)
    return 4 * (weights + trainable * (1 + copies)) + 2 * activations * batch_size
