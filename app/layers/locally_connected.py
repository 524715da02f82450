"""Convolutions whose kernel differs from place to place, which Keras 3 dropped; weights are laid out as Keras 2 did."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras


class LocallyConnected(keras.layers.Layer):
    """A convolution without shared weights over `rank` dimensions.

    The kernel has the shape `(places, kernel size * input channels, filters)`, the bias `(*output size, filters)`.
    """

    rank: int = 0

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if padding != "valid":
            raise ValueError(f"{type(self).__name__} knows only padding='valid'. Received: padding={padding!r}")
        self.filters = filters
        self.kernel_size = self._sizes(kernel_size, "kernel_size")
        self.strides = self._sizes(strides, "strides")
        self.padding = padding
        self.data_format = data_format or keras.config.image_data_format()
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.input_spec = keras.layers.InputSpec(ndim=self.rank + 2)

    def build(self, input_shape: Any) -> None:
        sizes, channels = self._split(input_shape)
        if channels is None or None in sizes:
            raise ValueError(
                f"{type(self).__name__} has a kernel of its own for every place, so that every dimension but the "
                f"batch must be known. Received: input shape {tuple(input_shape)}"
            )
        places = self._places(sizes)
        if min(places) < 1:
            raise ValueError(f"The kernel {self.kernel_size} is larger than the input {sizes}.")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(math.prod(places), math.prod(self.kernel_size) * channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*places, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any) -> Any:
        sizes, _ = self._split(inputs.shape)
        places = self._places(sizes)
        if self.data_format == "channels_first":
            inputs = keras.ops.moveaxis(inputs, 1, -1)
        patches = keras.ops.stack(list(self._slices(inputs, places)), axis=-2)
        if self.data_format == "channels_first":
            patches = keras.ops.swapaxes(patches, -1, -2)
        patches = keras.ops.reshape(patches, (-1, math.prod(places), self.kernel.shape[1]))
        outputs = keras.ops.einsum("bpk,pkf->bpf", patches, self.kernel)
        outputs = keras.ops.reshape(outputs, (-1, *places, self.filters))
        if self.bias is not None:
            outputs = keras.ops.add(outputs, self.bias)
        if self.data_format == "channels_first":
            outputs = keras.ops.moveaxis(outputs, -1, 1)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        sizes, _ = self._split(input_shape)
        places = self._places(sizes)
        if self.data_format == "channels_first":
            return (input_shape[0], self.filters, *places)
        return (input_shape[0], *places, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }

    def _sizes(self, value: int | Sequence[int], name: str) -> tuple[int, ...]:
        sizes = (value,) * self.rank if isinstance(value, int) else tuple(value)
        if len(sizes) != self.rank or min(sizes) < 1:
            raise ValueError(f"{name} must be a positive integer or {self.rank} of them. Received: {name}={value}")
        return sizes

    def _split(self, shape: Any) -> tuple[tuple[int | None, ...], int | None]:
        """Return the sizes of the convolved dimensions, and the number of channels."""
        if self.data_format == "channels_first":
            return tuple(shape[2:]), shape[1]
        return tuple(shape[1:-1]), shape[-1]

    def _places(self, sizes: Any) -> tuple[Any, ...]:
        return tuple(
            None if size is None else (size - kernel) // stride + 1
            for size, kernel, stride in zip(sizes, self.kernel_size, self.strides, strict=True)
        )

    def _slices(self, inputs: Any, places: tuple[int, ...]) -> Iterator[Any]:
        """Yield, for each offset in the kernel, what lies under it at every place."""
        for number in range(math.prod(self.kernel_size)):
            key = [slice(None)]
            for axis in range(self.rank):
                offset = number // math.prod(self.kernel_size[axis + 1 :]) % self.kernel_size[axis]
                stride = self.strides[axis]
                key.append(slice(offset, offset + (places[axis] - 1) * stride + 1, stride))
            yield inputs[tuple(key)]


@keras.saving.register_keras_serializable(package="layerloom")
class LocallyConnected1D(LocallyConnected):
    """1D convolution with a kernel of its own for every step.

    It works like Conv1D, except that the weights are not shared: a different set of filters is applied to each patch
    of the input. The length of the input must be known.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer, the length of the window.
        strides: Integer, the step of the window.
        padding: Only `"valid"`: no padding.
        data_format: `"channels_last"` or `"channels_first"`.
        activation: Activation function; none if None.
        use_bias: Boolean, whether a bias is added.
        kernel_initializer: Initializer of the kernel.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Regularizer of the kernel.
        bias_regularizer: Regularizer of the bias.
        activity_regularizer: Regularizer of the output.
        kernel_constraint: Constraint of the kernel.
        bias_constraint: Constraint of the bias.
    """

    rank = 1


@keras.saving.register_keras_serializable(package="layerloom")
class LocallyConnected2D(LocallyConnected):
    """2D convolution with a kernel of its own for every place of the picture.

    It works like Conv2D, except that the weights are not shared: a different set of filters is applied to each patch
    of the input. Height and width of the input must be known.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or two integers, height and width of the window.
        strides: Integer or two integers, the steps of the window.
        padding: Only `"valid"`: no padding.
        data_format: `"channels_last"` or `"channels_first"`.
        activation: Activation function; none if None.
        use_bias: Boolean, whether a bias is added.
        kernel_initializer: Initializer of the kernel.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Regularizer of the kernel.
        bias_regularizer: Regularizer of the bias.
        activity_regularizer: Regularizer of the output.
        kernel_constraint: Constraint of the kernel.
        bias_constraint: Constraint of the bias.
    """

    rank = 2
