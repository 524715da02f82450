"""The learning rate of an epoch as one line: `lr * 0.9 if epoch > 5 else lr`. Read by `ast`, never evaluated by Python.

What may stand in it: numbers, `epoch` (from 0), `lr` (the present rate), `+ - * / // % **`, comparisons, `and`, `or`,
`not`, `a if b else c`, and the functions of `FUNCTIONS`. It is computed in floats, so that no power grows beyond them.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.shared.errors import Invalid

MAX_LENGTH: Final = 500
MAX_DEPTH: Final = 40
VARIABLES: Final = ("epoch", "lr")

FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "cos": math.cos,
    "exp": math.exp,
    "floor": lambda value: float(math.floor(value)),
    "log": math.log,
    "sin": math.sin,
    "sqrt": math.sqrt,
}
_OF_MATH: Final = frozenset(FUNCTIONS) - {"abs", "max", "min"}
_ARITY: Final = {"max": (2, 16), "min": (2, 16), "log": (1, 2)}

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class BadSchedule(Invalid):
    """The line is no schedule, or gives no rate for an epoch."""

    code = "bad_schedule"


@dataclass(frozen=True)
class Schedule:
    """A schedule that was read; calling it gives the rate of an epoch."""

    body: ast.expr

    def __call__(self, epoch: int, lr: float) -> float:
        """Return the rate of `epoch`, counted from 0; raise `BadSchedule` for less than 0 or no finite number."""
        try:
            value = _value(self.body, {"epoch": float(epoch), "lr": float(lr), "pi": math.pi})
        except (ArithmeticError, ValueError, TypeError) as error:  # Of these, TypeError is what complex numbers raise.
            raise _no_rate(epoch, str(error)) from error
        if isinstance(value, complex) or not math.isfinite(value) or value < 0:
            raise _no_rate(epoch, str(value))
        return float(value)

    @property
    def source(self) -> str:
        """The line as Python: its functions are those of `math`, and its value is a float."""
        return f"float({ast.unparse(_Qualified().visit(ast.parse(ast.unparse(self.body), mode='eval')).body)})"


def read_schedule(text: str) -> Schedule:
    """Return the schedule that `text` says; raise `BadSchedule` for whatever is not on the list."""
    if len(text) > MAX_LENGTH:
        raise _unreadable(f"{len(text)} characters", f"at most {MAX_LENGTH} characters")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unreadable(text, "one expression such as lr * 0.9 ** epoch") from error
    _check(body, text.strip(), 0)
    return Schedule(body)


def _check(node: ast.expr, text: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _unreadable("more", f"at most {MAX_DEPTH} levels of nesting")
    match node:
        case ast.Constant(value=bool() | int() | float() as value) if abs(value) < 1e300:
            parts: list[ast.expr] = []
        case ast.Name(id="epoch" | "lr" | "pi"):
            parts = []
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            parts = [operand]
        case ast.BoolOp(values=parts):
            pass
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in _COMPARISONS for op in ops):
            parts = [left, *comparators]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            parts = [test, body, orelse]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if _takes(name, len(parts)):
            pass
        case _:
            known = ", ".join((*VARIABLES, "pi", *FUNCTIONS))
            raise _unreadable(ast.get_source_segment(text, node) or text, f"numbers, operators, and {known}")
    for part in parts:
        _check(part, text, depth + 1)


def _takes(name: str, count: int) -> bool:
    low, high = _ARITY.get(name, (1, 1))
    return name in FUNCTIONS and low <= count <= high


def _value(node: ast.expr, names: Mapping[str, float]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, names)
            return not value if isinstance(op, ast.Not) else -value if isinstance(op, ast.USub) else value
        case ast.BoolOp(op=op, values=values):
            found = _value(values[0], names)
            for other in values[1:]:
                if bool(found) is isinstance(op, ast.Or):
                    break
                found = _value(other, names)
            return found
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_value(side, names) for side in (left, *comparators)]
            return all(_COMPARISONS[type(op)](one, two) for op, one, two in zip(ops, sides, sides[1:], strict=False))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(argument, names) for argument in arguments))
    raise TypeError(f"{type(node).__name__} was not checked.")


class _Qualified(ast.NodeTransformer):
    """Puts `math.` before what the module of that name holds."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in _OF_MATH | {"pi"}:
            return node
        return ast.Attribute(ast.Name("math", ast.Load()), node.id, ast.Load())


def _unreadable(received: str, expected: str) -> BadSchedule:
    return BadSchedule(
        "The schedule cannot be read.",
        expected=expected,
        received=received[:200],
        hint="Write one line over epoch (counted from 0) and lr, such as lr * 0.9 ** epoch.",
    )


def _no_rate(epoch: int, received: str) -> BadSchedule:
    return BadSchedule(
        f"The schedule gives no learning rate for epoch {epoch + 1}.",
        expected="a finite number of at least 0",
        received=received[:200],
        hint="Check the line for large powers, division by 0 and negative values.",
    )
