"""A layer that computes one line over its inputs: the text is read by `ast`, checked, and interpreted, never run."""

import ast
import math
import operator
from collections.abc import Sequence
from typing import Any, NoReturn

import keras

MAX_LENGTH = 500
MAX_DEPTH = 30
MAX_PARTS = 200
MAX_NUMBER = 1e12

_NAMES = """
    abs absolute add all any append arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort
    average average_pool batch_normalization broadcast_to cast cbrt ceil celu clip concatenate conj conjugate conv
    copy cos cosh count_nonzero cross cumprod cumsum deg2rad depth_to_space diag diagonal diff divide
    divide_no_nan dot dot_product_attention einsum elu equal erf erfc erfinv exp exp2 expand_dims expm1 flip
    fliplr flipud floor floor_divide fmax fmin fmod full_like gelu glu greater greater_equal hard_shrink
    hard_sigmoid hard_silu hard_swish hard_tanh heaviside hstack hypot inner isclose isfinite isinf isnan
    layer_normalization leaky_relu less less_equal log log10 log1p log2 log_sigmoid log_softmax logaddexp
    logaddexp2 logical_and logical_not logical_or logical_xor logsumexp matmul max max_pool maximum mean median
    min minimum mod moments moveaxis multiply nan_to_num nanmax nanmean nanmin nanstd nansum nanvar negative norm
    normalize not_equal one_hot ones_like outer pad power prod ptp quantile rad2deg ravel reciprocal relu relu6
    repeat reshape rms_normalization roll round rsqrt selu sigmoid sign signbit silu sin sinc sinh soft_shrink
    softmax softplus softsign sort space_to_depth sparse_plus sparsemax split sqrt square squareplus squeeze stack
    std stop_gradient subtract sum swapaxes swish take take_along_axis tan tanh tanh_shrink tensordot threshold
    tile top_k transpose tril triu true_divide trunc unstack var vdot vstack where zeros_like
"""
FUNCTIONS = frozenset(_NAMES.split())
"""The functions of `keras.ops` that an expression may call."""

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}
_UNARY: dict[type[ast.unaryop], Any] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARE: dict[type[ast.cmpop], Any] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: keras.ops.equal,
    ast.NotEq: keras.ops.not_equal,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}


class ExpressionError(ValueError):
    """An expression that is not one: says what stands at which column."""


def parse_expression(text: str) -> ast.expr:
    """Return the checked tree of `text`; raise `ExpressionError` for all that is not allowed."""
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("The expression is empty. Write one line such as ops.tanh(x) * 0.5.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression has {len(text)} characters; {MAX_LENGTH} are allowed.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"Column {error.offset or 1}: this is no expression ({error.msg}).") from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("This is no expression.") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS * 2:
        raise ExpressionError(f"The expression has too many parts; about {MAX_PARTS} are allowed.")
    _check(tree, 0)
    return tree


def input_number(name: str) -> int | None:
    """Return which input `x`, `x1`, `x2` ... means, counted from 0; None for another name."""
    if name == "x":
        return 0
    digits = name[1:]
    return int(digits) - 1 if name[:1] == "x" and digits.isdecimal() and digits[0] != "0" and len(digits) < 4 else None


def _check(node: ast.expr, depth: int) -> None:
    if depth > MAX_DEPTH:
        _refuse(node, f"it is nested more than {MAX_DEPTH} deep")
    match node:
        case ast.Constant(value=bool() | None | str()):
            return
        case ast.Constant(value=int() | float() as value):
            _bounded(node, value)
            return
        case ast.Name(id=name):
            if input_number(name) is None and name not in _CONSTANTS:
                _refuse(node, f"there is no {name!r}; inputs are called x, or x1, x2 and so on")
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            parts: Sequence[ast.expr] = [left, right]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            parts = [operand]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            parts = [left, right]
        case ast.Compare():
            _refuse(node, "compare two things at a time, with <, <=, >, >=, == or !=")
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            pass
        case ast.Call(func=function, args=arguments, keywords=keywords):
            if _function(function) is None:
                _refuse(node, f"{ast.unparse(function)[:40]} is no function of keras.ops that may be called here")
            if any(keyword.arg is None for keyword in keywords):
                _refuse(node, "arguments cannot be unpacked with **")
            parts = [*arguments, *(keyword.value for keyword in keywords)]
        case ast.Subscript(value=value, slice=key):
            _check_key(key)
            parts = [value]
        case _:
            _refuse(node, f"{type(node).__name__} is not allowed")
    for part in parts:
        _check(part, depth + 1)
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        _fold(node)


def _check_key(key: ast.expr) -> None:
    for part in key.elts if isinstance(key, ast.Tuple) else [key]:
        for end in (part.lower, part.upper, part.step) if isinstance(part, ast.Slice) else (part,):
            value = end.operand if isinstance(end, ast.UnaryOp) and isinstance(end.op, ast.USub) else end
            if value is None or (isinstance(value, ast.Constant) and value.value in (None, ...)):
                continue
            if not isinstance(value, ast.Constant) or type(value.value) is not int or value.value > 2**31:
                _refuse(part, "an index is made of integers, slices, ... and None")


def _fold(node: ast.expr) -> float | None:
    """Return the value of arithmetic on numbers only, within bounds; None where a tensor takes part."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand):
            folded = _fold(operand)
            return None if folded is None else float(_UNARY[type(op)](folded))
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _fold(left), _fold(right)
            if first is None or second is None:
                return None
            return _bounded(node, _arithmetic(node, op, first, second))
    return None


def _arithmetic(node: ast.expr, op: ast.operator, first: float, second: float) -> float:
    if isinstance(op, ast.MatMult):
        _refuse(node, "@ takes tensors")
    if isinstance(op, ast.Pow) and (abs(second) > 64 or not math.isfinite(_power(node, first, second))):
        _refuse(node, "the power is too large")
    try:
        return float(_BINARY[type(op)](first, second))
    except ArithmeticError as error:
        _refuse(node, str(error))


def _power(node: ast.expr, first: float, second: float) -> float:
    try:
        return math.pow(first, second)
    except (ArithmeticError, ValueError) as error:
        _refuse(node, str(error))


def _bounded(node: ast.expr, value: float) -> float:
    if not abs(value) <= MAX_NUMBER:
        _refuse(node, f"numbers are at most {MAX_NUMBER:g}")
    return value


def _function(node: ast.expr) -> str | None:
    """Return the name of the function of `keras.ops` that a call means: `tanh`, `ops.tanh` or `keras.ops.tanh`."""
    prefix, _, name = ast.unparse(node).rpartition(".")
    return name if prefix in ("", "ops", "keras.ops") and name in FUNCTIONS else None


def _refuse(node: ast.expr, reason: str) -> NoReturn:
    raise ExpressionError(f"Column {node.col_offset + 1}: {reason}.")


def _interpret(node: ast.expr, inputs: Sequence[Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _CONSTANTS[name] if name in _CONSTANTS else inputs[input_number(name) or 0]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_operand(left, inputs), _operand(right, inputs))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_operand(operand, inputs))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARE[type(op)](_operand(left, inputs), _operand(right, inputs))
        case ast.Tuple(elts=elements):
            return tuple(_interpret(element, inputs) for element in elements)
        case ast.List(elts=elements):
            return [_interpret(element, inputs) for element in elements]
        case ast.Call(func=function, args=arguments, keywords=keywords):
            named = {keyword.arg or "": _interpret(keyword.value, inputs) for keyword in keywords}
            return getattr(keras.ops, str(_function(function)))(
                *(_interpret(argument, inputs) for argument in arguments), **named
            )
        case ast.Subscript(value=value, slice=ast.Tuple(elts=parts)):
            return _interpret(value, inputs)[tuple(_index(part) for part in parts)]
        case ast.Subscript(value=value, slice=key):
            return _interpret(value, inputs)[_index(key)]
    raise ExpressionError(f"{type(node).__name__} is not allowed.")


def _operand(node: ast.expr, inputs: Sequence[Any]) -> Any:
    """Return a number or a tensor: text and lists, multiplied, would grow without bounds."""
    value = _interpret(node, inputs)
    if value is None or isinstance(value, str | list | tuple):
        _refuse(node, "operators take numbers and tensors")
    return value


def _index(node: ast.expr) -> Any:
    match node:
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(*(None if end is None else _index(end) for end in (lower, upper, step)))
        case ast.UnaryOp(operand=operand):
            return -_index(operand)
        case ast.Constant(value=value):
            return value
    return _refuse(node, "an index is made of integers, slices, ... and None")


@keras.saving.register_keras_serializable(package="layerloom")
class Expression(keras.layers.Layer):
    """Computes one line over its inputs, such as `ops.tanh(x) * 0.5`.

    One input is called `x`; several are called `x1`, `x2` and so on. Allowed are numbers, `pi` and `e`, the operators
    + - * / // % ** @, comparisons, indices such as `x[:, 0]`, and functions of keras.ops. The text is interpreted and
    never run as Python.

    Args:
        expression: One line over the inputs.
    """

    def __init__(self, expression: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expression = expression
        self._tree = parse_expression(expression)

    def call(self, inputs: Any) -> Any:
        given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        tensors = [keras.ops.convert_to_tensor(tensor, sparse=False) for tensor in given]
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and (input_number(node.id) or 0) >= len(tensors):
                raise ExpressionError(
                    f"Column {node.col_offset + 1}: there is no input {node.id}; there are {len(tensors)}."
                )
        result = _interpret(self._tree, tensors)
        if isinstance(result, list | tuple):
            raise ExpressionError("The expression gives several tensors; take one of them with [0].")
        return keras.ops.convert_to_tensor(result)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "expression": self.expression}
