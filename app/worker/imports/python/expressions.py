"""Expressions of a script: values of our own computed within limits, and `Unknown` where that cannot be."""

import ast
import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Final

from app.worker.imports.python.data import indexed
from app.worker.imports.python.names import Function, Meaning, Rest, Scope, canonical
from app.worker.imports.python.values import (
    Array,
    Data,
    Path,
    Results,
    Tensor,
    Unknown,
    beyond,
    holds_symbolic,
    is_symbolic,
)

MAX_STEPS: Final = 200_000
MAX_ITEMS: Final = 100_000
MAX_NUMBER: Final = 2**63

_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
BUILTINS: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "bool": bool,
    "dict": dict,
    "enumerate": enumerate,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "range": range,
    "reversed": lambda value: list(reversed(value)),
    "round": round,
    "sorted": sorted,
    "str": str,
    "sum": sum,
    "tuple": tuple,
    "zip": zip,
}

_STYLE: Final = re.compile(r"[<>^=]?0?\d{0,2}(\.\d{1,2})?[a-zA-Z%]?")
TEMPLATE: Final = re.compile(
    r"[^{}%]*(\{\w*(:[<>^=]?0?\d{0,2}(\.\d{1,2})?[a-zA-Z%]?)?\}[^{}%]*|%0?\d{0,2}[dsfg][^{}%]*)*"
)
"""What a text may hold in which values are put: plain names and numbers, and no width of more than two digits."""


class Expressions(ABC):
    """Values of expressions. `_call` and `_assign` follow what expressions only hold."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._meaning: Meaning
        self._steps = 0

    def fail(self, node: Any, why: str, hint: str = "") -> Exception:
        return beyond(getattr(node, "lineno", 0), self.lines, why, hint=hint)

    @abstractmethod
    def _call(self, node: ast.Call, scope: Scope) -> Any:
        """Return what a call gives."""

    @abstractmethod
    def _assign(self, target: ast.expr, value: Any, scope: Scope, node: ast.stmt) -> None:
        """Bind `value` to the names of `target`."""

    def plain(self, node: ast.expr, scope: Scope) -> Any:
        """Return the number that a name stands for in `scope`, the dotted name of what a library has, or None."""
        found = self._value(node, scope)
        if isinstance(found, Path):
            return found.name
        return found if isinstance(found, int | float) else None

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self.fail(node, f"the script takes more than {MAX_STEPS:,} steps.")
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name, scope, node)
            case ast.List(elts=parts):
                return list(self._parts(parts, scope))
            case ast.Tuple(elts=parts):
                return tuple(self._parts(parts, scope))
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values, scope, node)
            case ast.Attribute(value=owner, attr=name):
                held = self._value(owner, scope)
                if isinstance(held, Path):
                    return _named(f"{held.name}.{name}")
                if isinstance(held, Data) and name in ("shape", "ndim"):
                    return held.shape if name == "shape" else len(held.shape)
                if isinstance(held, Unknown):
                    return Unknown(ast.unparse(node)[:200], node.lineno)
                return self._meaning.attribute(held, name, node)
            case ast.Call():
                return self._call(node, scope)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self._value(left, scope), self._value(right, scope), node)
            case ast.UnaryOp(op=op, operand=operand):
                return self._unary(op, self._value(operand, scope), node)
            case ast.Compare():
                return self._compare(node, scope)
            case ast.BoolOp(op=op, values=values):
                return self._either(op, values, scope)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                held = self._value(test, scope)
                if isinstance(held, Unknown):
                    return Unknown(ast.unparse(node)[:200], node.lineno)
                return self._value(body if self._truth(test, scope) else otherwise, scope)
            case ast.Subscript(value=owner, slice=key):
                return self._index(self._value(owner, scope), self._value(key, scope), node)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if part is None else self._value(part, scope) for part in (lower, upper, step)))
            case ast.JoinedStr(values=parts):
                return self._text(parts, scope, node)
            case ast.ListComp(elt=part, generators=loops) | ast.GeneratorExp(elt=part, generators=loops):
                if isinstance(self._value(loops[0].iter, scope), Unknown):
                    return Unknown(ast.unparse(node)[:200], node.lineno)
                return list(self._comprehension(part, loops, scope))
            case ast.Lambda():
                return Function(node, scope)
            case ast.NamedExpr(target=target, value=value):
                found = self._value(value, scope)
                scope.names[target.id] = found
                return found
            case _:
                return Unknown(ast.unparse(node)[:200], node.lineno)

    def _name(self, name: str, scope: Scope, node: ast.expr) -> Any:
        found = scope.find(name)
        if found is None and name not in BUILTINS:
            known = scope
            while known is not None:
                if name in known.names:
                    return None
                known = known.outer  # type: ignore[assignment]
            return Unknown(name, node.lineno)
        return Path(f"builtins.{name}") if found is None else found

    def _parts(self, parts: list[ast.expr], scope: Scope) -> Iterator[Any]:
        for part in parts:
            if isinstance(part, ast.Starred):
                held = self._value(part.value, scope)
                if isinstance(held, Unknown):
                    yield held
                elif isinstance(held, Results | Rest):
                    yield held.results if isinstance(held, Rest) else held
                else:
                    yield from self._items(held, part)
            else:
                yield self._value(part, scope)

    def _dictionary(
        self, keys: list[ast.expr | None], values: list[ast.expr], scope: Scope, node: ast.expr
    ) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            item = self._value(value, scope)
            if key is None:
                if not isinstance(item, dict):
                    raise self.fail(node, "what ** unpacks here is not known without running the script.")
                found |= item
            else:
                found[_hashable(self._value(key, scope))] = item
        return found

    def _comprehension(self, part: ast.expr, loops: list[ast.comprehension], scope: Scope) -> Iterator[Any]:
        if not loops:
            yield self._value(part, scope)
            return
        inner = Scope(outer=scope)
        for value in self._items(self._value(loops[0].iter, scope), part):
            self._assign(loops[0].target, value, inner, ast.Pass(lineno=part.lineno))
            if all(self._truth(test, inner) for test in loops[0].ifs):
                yield from self._comprehension(part, loops[1:], inner)

    def _text(self, parts: list[ast.expr], scope: Scope, node: ast.expr) -> Any:
        found = []
        for part in parts:
            value = self._value(part.value, scope) if isinstance(part, ast.FormattedValue) else self._value(part, scope)
            if not isinstance(value, str | int | float):
                return Unknown(ast.unparse(node)[:200], node.lineno)
            style = ""
            if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
                style = ast.unparse(part.format_spec).strip("f'\"")
            if not _STYLE.fullmatch(style):
                raise self.fail(node, "this style of a number cannot be read.")
            try:
                found.append(format(value, style)[:1_000])
            except (ValueError, OverflowError) as error:
                raise self.fail(node, f"this text cannot be put together: {error}.") from error
        return "".join(found)

    def _compare(self, node: ast.Compare, scope: Scope) -> Any:
        values = [self._value(part, scope) for part in (node.left, *node.comparators)]
        if len(values) == 2 and any(map(is_symbolic, values)):
            return self._meaning.arithmetic(type(node.ops[0]).__name__, values, node)
        if any(isinstance(value, Unknown) for value in values):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        try:
            return all(
                _COMPARISONS[type(op)](one, other) for op, one, other in zip(node.ops, values, values[1:], strict=False)
            )
        except (TypeError, KeyError, ValueError):
            return Unknown(ast.unparse(node)[:200], node.lineno)

    def _either(self, op: ast.boolop, values: list[ast.expr], scope: Scope) -> Any:
        found: Any = None
        for value in values:
            found = self._value(value, scope)
            if isinstance(found, Unknown):
                return found
            if bool(found) is isinstance(op, ast.Or):
                return found
        return found

    def _binary(self, op: ast.operator, left: Any, right: Any, node: Any) -> Any:
        if is_symbolic(left) or is_symbolic(right):
            return self._meaning.arithmetic(type(op).__name__, [left, right], node)
        if isinstance(left, Data) and isinstance(right, int | float):
            return left
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return Unknown(ast.unparse(node)[:200], getattr(node, "lineno", 0))
        if holds_symbolic([left, right]) and not isinstance(op, ast.Add):
            raise self.fail(node, "this cannot be computed with layers.")
        return self._computed(op, left, right, node)

    def _computed(self, op: ast.operator, left: Any, right: Any, node: Any) -> Any:
        sizes = [len(value) if isinstance(value, str | list | tuple) else 0 for value in (left, right)]
        numbers = [value for value in (left, right) if isinstance(value, int | float)]
        if isinstance(op, ast.Mod) and isinstance(left, str) and not TEMPLATE.fullmatch(left):
            raise self.fail(node, "this text cannot be put together.")
        if isinstance(op, ast.Mult) and any(sizes) and numbers and max(sizes) * abs(numbers[0]) > MAX_ITEMS:
            raise self.fail(node, f"this has more than {MAX_ITEMS:,} values.")
        if isinstance(op, ast.Pow) and len(numbers) == 2 and (abs(left) > 1_000_000 or abs(right) > 64):
            raise self.fail(node, "this number is too large.")
        try:
            found = _ARITHMETIC[type(op)](left, right)
        except (TypeError, KeyError, ValueError, ArithmeticError):
            return Unknown(ast.unparse(node)[:200], getattr(node, "lineno", 0))
        if isinstance(found, int) and abs(found) > MAX_NUMBER:
            raise self.fail(node, "this number is too large.")
        if isinstance(found, str | list | tuple) and len(found) > MAX_ITEMS:
            raise self.fail(node, f"this has more than {MAX_ITEMS:,} values.")
        return found

    def _unary(self, op: ast.unaryop, value: Any, node: ast.expr) -> Any:
        if is_symbolic(value):
            return self._meaning.arithmetic(type(op).__name__, [value], node)
        if isinstance(value, Unknown):
            return value
        match op:
            case ast.USub() if isinstance(value, int | float):
                return -value
            case ast.UAdd() if isinstance(value, int | float):
                return value
            case ast.Not():
                return not value
            case _:
                return Unknown(ast.unparse(node)[:200], node.lineno)

    def _index(self, owner: Any, key: Any, node: ast.expr) -> Any:
        if isinstance(owner, Data) and (found := indexed(owner, key)) is not None:
            return found
        if isinstance(owner, Unknown):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if isinstance(owner, Rest) and isinstance(key, int) and key >= 0:
            return Tensor(owner.results.layer, owner.results.call, owner.skipped + key)
        if isinstance(owner, Results | Tensor):
            return self._meaning.index(owner, key, node)  # type: ignore[arg-type]
        if isinstance(owner, Array):
            owner = owner.value
        try:
            return owner[key]
        except (TypeError, KeyError, IndexError):
            return Unknown(ast.unparse(node)[:200], node.lineno)

    def _items(self, value: Any, node: Any) -> Iterator[Any]:
        if isinstance(value, Array):
            value = value.value
        if isinstance(value, dict | list | tuple | str | range | enumerate | zip) or hasattr(value, "__next__"):
            for count, item in enumerate(value):
                if count >= MAX_ITEMS:
                    raise self.fail(node, f"this has more than {MAX_ITEMS:,} values.")
                yield item
            return
        if isinstance(value, type({}.items()) | type({}.keys()) | type({}.values())):
            yield from list(value)
            return
        raise self.fail(node, "what this runs over is not known without running the script.")

    def _truth(self, test: ast.expr, scope: Scope) -> bool:
        value = self._value(test, scope)
        if isinstance(value, Unknown) or is_symbolic(value):
            raise self.fail(test, "whether this holds is not known without running the script.")
        return bool(value)


def _named(path: str) -> Any:
    """Return what a dotted name stands for: `numpy.newaxis` is None."""
    return None if path in ("numpy.newaxis", "tensorflow.newaxis") else Path(canonical(path))


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(type(value))
    return value
