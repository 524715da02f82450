"""Operations of TensorFlow that Keras 2 recorded as layers, as operations of Keras 3."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class _Meant(NamedTuple):
    """An operation of Keras 3: its class, the old names of its tensors in order, and new names of its options."""

    class_name: str
    tensors: tuple[str, ...] = ("x",)
    options: Mapping[str, str] = {}


_AXIS: Final = {"axis": "axis"}
_REDUCED: Final = {"axis": "axis", "keepdims": "keepdims"}
_TWO: Final = ("x", "y")

_FUNCTIONS: Final[dict[str, _Meant]] = {
    "__operators__.add": _Meant("Add", _TWO),
    "math.add": _Meant("Add", _TWO),
    "math.subtract": _Meant("Subtract", _TWO),
    "math.multiply": _Meant("Multiply", _TWO),
    "math.truediv": _Meant("TrueDivide", _TWO),
    "math.divide": _Meant("Divide", _TWO),
    "math.floordiv": _Meant("FloorDivide", _TWO),
    "math.floormod": _Meant("Mod", _TWO),
    "math.pow": _Meant("Power", _TWO),
    "math.maximum": _Meant("Maximum", _TWO),
    "math.minimum": _Meant("Minimum", _TWO),
    "math.greater": _Meant("Greater", _TWO),
    "math.greater_equal": _Meant("GreaterEqual", _TWO),
    "math.less": _Meant("Less", _TWO),
    "math.less_equal": _Meant("LessEqual", _TWO),
    "math.equal": _Meant("Equal", _TWO),
    "math.not_equal": _Meant("NotEqual", _TWO),
    "math.logical_and": _Meant("LogicalAnd", _TWO),
    "math.logical_or": _Meant("LogicalOr", _TWO),
    "math.logical_not": _Meant("LogicalNot"),
    "linalg.matmul": _Meant("Matmul", ("a", "b")),
    "math.abs": _Meant("Absolute"),
    "math.negative": _Meant("Negative"),
    "math.exp": _Meant("Exp"),
    "math.log": _Meant("Log"),
    "math.sqrt": _Meant("Sqrt"),
    "math.rsqrt": _Meant("Rsqrt"),
    "math.square": _Meant("Square"),
    "math.sin": _Meant("Sin"),
    "math.cos": _Meant("Cos"),
    "math.tanh": _Meant("Tanh"),
    "math.sigmoid": _Meant("Sigmoid"),
    "math.floor": _Meant("Floor"),
    "math.round": _Meant("Round"),
    "math.sign": _Meant("Sign"),
    "nn.relu": _Meant("Relu", ("features",)),
    "nn.relu6": _Meant("Relu6", ("features",)),
    "nn.softplus": _Meant("Softplus", ("features",)),
    "nn.softmax": _Meant("Softmax", ("logits",), _AXIS),
    "math.reduce_mean": _Meant("Mean", ("input_tensor",), _REDUCED),
    "math.reduce_sum": _Meant("Sum", ("input_tensor",), _REDUCED),
    "math.reduce_max": _Meant("Max", ("input_tensor",), _REDUCED),
    "math.reduce_min": _Meant("Min", ("input_tensor",), _REDUCED),
    "math.reduce_prod": _Meant("Prod", ("input_tensor",), _REDUCED),
    "math.argmax": _Meant("Argmax", ("input",), _AXIS),
    "math.cumsum": _Meant("Cumsum", ("x",), _AXIS),
    "concat": _Meant("Concatenate", ("values",), _AXIS),
    "stack": _Meant("Stack", ("values",), _AXIS),
    "split": _Meant("Split", ("value",), {"num_or_size_splits": "indices_or_sections", "axis": "axis"}),
    "reshape": _Meant("Reshape", ("tensor",), {"shape": "newshape"}),
    "expand_dims": _Meant("ExpandDims", ("input",), _AXIS),
    "squeeze": _Meant("Squeeze", ("input",), _AXIS),
    "transpose": _Meant("Transpose", ("a",), {"perm": "axes"}),
    "tile": _Meant("Tile", ("input",), {"multiples": "repeats"}),
    "cast": _Meant("Cast", ("x",), {"dtype": "dtype"}),
    "where": _Meant("Where", ("condition", "x", "y")),
    "one_hot": _Meant("OneHot", ("indices",), {"depth": "num_classes", "axis": "axis", "dtype": "dtype"}),
}

_SLICING: Final = ("SlicingOpLambda", "__operators__.getitem")


def modern_operation(entry: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the entry of the operation of Keras 3 that a `TFOpLambda` or `SlicingOpLambda` means, or None."""
    function = config.get("function")
    if entry["class_name"] not in ("TFOpLambda", "SlicingOpLambda") or not isinstance(function, str):
        return None
    calls = entry.get("inbound_nodes")
    if not isinstance(calls, list) or len(calls) != 1:
        return None
    if function in _SLICING:
        return _made(entry, config, "GetItem", calls, ("tensor",), {}, ("slice_spec",))
    meant = _FUNCTIONS.get(function)
    if meant is None:
        return None
    return _made(entry, config, meant.class_name, calls, meant.tensors, meant.options, ())


def _made(
    entry: Mapping[str, Any],
    config: Mapping[str, Any],
    class_name: str,
    calls: list[Any],
    names: tuple[str, ...],
    options: Mapping[str, str],
    last: tuple[str, ...],
) -> dict[str, Any] | None:
    """Return the operation's entry: options go into its configuration, all tensors into the positions of its call."""
    call, given = _taken_apart(calls[0])
    if call is None:
        return None
    rest = [_key(given.pop(name)) if name == "slice_spec" else given.pop(name) for name in last if name in given]
    others = [given.pop(name) for name in names[1:] if name in given]
    made = {new: given.pop(old) for old, new in options.items() if old in given}
    if any(value is not None for value in given.values()):
        return None
    name = config.get("name") or entry.get("name")
    return {
        **entry,
        "module": "keras.src.ops",
        "class_name": class_name,
        "config": {"name": name, **{key: value for key, value in made.items() if value is not None}},
        "inbound_nodes": [{"old": call, "others": [*others, *rest]}],
        "converted": [f"{config.get('function')} of TensorFlow became an operation of Keras"],
    }


def _taken_apart(call: Any) -> tuple[Any, dict[str, Any]]:
    """Return a call without its keyword arguments, and those."""
    leaf = call
    while isinstance(leaf, list) and leaf and isinstance(leaf[0], list):
        leaf = leaf[0]
    if not isinstance(leaf, list) or len(leaf) < 3 or not isinstance(leaf[0], str):
        return None, {}
    kwargs = leaf[3] if len(leaf) > 3 and isinstance(leaf[3], dict) else {}
    return call, {key: value for key, value in kwargs.items() if key != "name"}


def _key(value: Any) -> Any:
    """Return an index of Keras 2, whose slices are objects, as Keras 3 writes it."""
    if isinstance(value, dict) and {"start", "stop", "step"} >= value.keys() and value:
        return {"class_name": "__slice__", "config": {key: value.get(key) for key in ("start", "stop", "step")}}
    if isinstance(value, dict) and value.get("class_name") == "__ellipsis__":
        return value
    if isinstance(value, list):
        return [_key(item) for item in value]
    return value
