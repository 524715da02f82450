"""Words of Keras and Python in a script, and what they are called in the catalog."""

from typing import Final

from app.catalog.model import Kind

MODELS: Final = frozenset({"Model", "Sequential", "Functional"})
KINDS: Final = {
    "keras.optimizers": Kind.OPTIMIZER,
    "keras.optimizers.legacy": Kind.OPTIMIZER,
    "keras.optimizers.schedules": Kind.SCHEDULE,
    "keras.losses": Kind.LOSS,
    "keras.metrics": Kind.METRIC,
    "keras.callbacks": Kind.CALLBACK,
    "keras.initializers": Kind.INITIALIZER,
    "keras.regularizers": Kind.REGULARIZER,
    "keras.constraints": Kind.CONSTRAINT,
}
LAYERS: Final = frozenset({"keras.layers", "keras.layers.experimental", "keras.layers.experimental.preprocessing"})
OPERATIONS: Final = {
    "keras.ops": "ops.",
    "keras.ops.nn": "ops.",
    "keras.ops.numpy": "ops.",
    "keras.ops.linalg": "ops.",
    "keras.ops.image": "ops.image.",
    "keras.activations": "ops.",
}
MERGES: Final = {
    "add": "Add",
    "subtract": "Subtract",
    "multiply": "Multiply",
    "average": "Average",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "concatenate": "Concatenate",
    "dot": "Dot",
}
OPERATORS: Final = {
    "Add": "ops.add",
    "Sub": "ops.subtract",
    "Mult": "ops.multiply",
    "Div": "ops.true_divide",
    "FloorDiv": "ops.floor_divide",
    "Mod": "ops.mod",
    "Pow": "ops.power",
    "MatMult": "ops.matmul",
    "USub": "ops.negative",
    "Invert": "ops.logical_not",
    "Eq": "ops.equal",
    "NotEq": "ops.not_equal",
    "Lt": "ops.less",
    "LtE": "ops.less_equal",
    "Gt": "ops.greater",
    "GtE": "ops.greater_equal",
    "BitAnd": "ops.logical_and",
    "BitOr": "ops.logical_or",
}
SETTINGS: Final = {
    "keras.config.set_dtype_policy": "dtype_policy",
    "keras.mixed_precision.set_global_policy": "dtype_policy",
    "keras.mixed_precision.set_dtype_policy": "dtype_policy",
    "keras.config.set_floatx": "floatx",
    "keras.backend.set_floatx": "floatx",
    "keras.config.set_epsilon": "epsilon",
    "keras.config.set_image_data_format": "image_data_format",
}
COMPILED: Final = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
FITTED: Final = ("x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split")
