"""What Keras 3 calls the classes and fields of older versions."""

from typing import Any, Final

CLASSES: Final[dict[str, str]] = {
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "SyncBatchNormalization": "BatchNormalization",
    "BatchNormalizationBase": "BatchNormalization",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "TimeDistributedDense": "Dense",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "Input": "InputLayer",
}

MERGE_MODES: Final[dict[str, str]] = {
    "sum": "Add",
    "concat": "Concatenate",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "min": "Minimum",
    "dot": "Dot",
    "cos": "Dot",
}
"""The layer for each mode of the `Merge` layer of Keras 1."""

FIELDS: Final[dict[str, dict[str, str]]] = {
    "": {
        "batch_input_shape": "batch_shape",
        "init": "kernel_initializer",
        "inner_init": "recurrent_initializer",
        "W_regularizer": "kernel_regularizer",
        "U_regularizer": "recurrent_regularizer",
        "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint",
        "U_constraint": "recurrent_constraint",
        "b_constraint": "bias_constraint",
        "border_mode": "padding",
        "dim_ordering": "data_format",
        "subsample": "strides",
        "subsample_length": "strides",
        "inner_activation": "recurrent_activation",
        "bias": "use_bias",
        "pool_length": "pool_size",
        "stride": "strides",
        "nb_filter": "filters",
        "filter_length": "kernel_size",
        "atrous_rate": "dilation_rate",
        "p": "rate",
        "dropout_W": "dropout",
        "dropout_U": "recurrent_dropout",
        "sigma": "stddev",
    },
    "Dense": {"output_dim": "units"},
    "LSTM": {"output_dim": "units"},
    "GRU": {"output_dim": "units"},
    "SimpleRNN": {"output_dim": "units"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "BatchNormalization": {
        "beta_init": "beta_initializer",
        "gamma_init": "gamma_initializer",
    },
    "Embedding": {"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer"},
    "PReLU": {"init": "alpha_initializer"},
    "Dot": {"dot_axes": "axes"},
    "UpSampling1D": {"length": "size"},
}
"""Fields by class; those under "" are of every class."""

ONLY_OLD: Final[dict[str, tuple[str, ...]]] = {
    "p": ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "AlphaDropout"),
    "stride": ("MaxPooling1D", "AveragePooling1D"),
    "bias": ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D"),
    "sigma": ("GaussianNoise",),
    "init": ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D", "LSTM", "GRU", "SimpleRNN"),
}
"""Short names that are renamed in these classes only."""

DROPPED_FIELDS: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "": {
        "implementation": (0, 1, 2),
        "time_major": (False,),
        "consume_less": ("cpu", "mem", "gpu"),
        "input_dtype": ("float32", "int32"),
        "input_dim": (None,),
        "input_length": (None,),
        "input_shape": (None,),
        "ragged": (False, None),
        "unit_forget_bias": (True,),
        "batch_size": (None,),
    },
    "BatchNormalization": {"mode": (0,), "fused": (True, None), "renorm": (False,), "virtual_batch_size": (None,)},
    "Conv1D": {"causal": ()},
}
"""Fields that Keras 3 has no use for, with the values that need no word; those under "" where the class has no such."""

KEPT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(["Embedding", "ReversibleEmbedding"], ("input_dim",)),
    "LSTM": ("unit_forget_bias",),
    "LSTMCell": ("unit_forget_bias",),
    "ConvLSTM1D": ("unit_forget_bias",),
    "ConvLSTM2D": ("unit_forget_bias",),
    "ConvLSTM3D": ("unit_forget_bias",),
    "InputLayer": ("ragged",),
}
