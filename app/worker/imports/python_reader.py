"""A subset of Python followed without running it: a syntax tree is walked, and only values of our own are computed.

Names, literals, arithmetic on numbers, loops over known values, functions and `if` with a known condition are
followed; what a name of Keras means is for `app.worker.imports.python_keras`. Everything else is `Unknown`, which is
harmless until a model needs it.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from app.worker.imports.python_values import (
    Array,
    LayerValue,
    Path,
    Results,
    Tensor,
    Unknown,
    beyond,
    holds_symbolic,
    is_symbolic,
)

MAX_STEPS: Final = 200_000
MAX_CALLS: Final = 40
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
_BUILTINS: Final[dict[str, Callable[..., Any]]] = {
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
LOOKING: Final = frozenset(
    {"summary", "save", "save_weights", "load_weights", "evaluate", "predict", "build", "count_params", "to_json"}
)
"""Methods of a model that leave it as it is, as far as a design goes."""

_STYLE: Final = re.compile(r"[<>^=]?0?\d{0,2}(\.\d{1,2})?[a-zA-Z%]?")
_TEMPLATE: Final = re.compile(
    r"[^{}%]*(\{\w*(:[<>^=]?0?\d{0,2}(\.\d{1,2})?[a-zA-Z%]?)?\}[^{}%]*|%0?\d{0,2}[dsfg][^{}%]*)*"
)
"""What a text may hold in which values are put: plain names and numbers, and no width of more than two digits."""

_METHODS: Final = frozenset(
    {
        *("append", "extend", "insert", "pop", "items", "keys", "values", "get", "copy", "format", "lower", "upper"),
        *("join", "split", "strip", "startswith", "endswith", "replace"),
    }
)


class Meaning(Protocol):
    """What the names of libraries mean to a reader."""

    def call(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any: ...
    def call_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any: ...
    def method(self, owner: LayerValue, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any: ...
    def attribute(self, owner: Any, name: str, node: ast.expr) -> Any: ...
    def assign(self, owner: LayerValue, name: str, value: Any, node: ast.stmt) -> None: ...
    def arithmetic(self, name: str, args: list[Any], node: ast.expr) -> Any: ...
    def index(self, tensor: Tensor, key: Any, node: ast.expr) -> Any: ...
    def named(self, value: Any, variable: str) -> None: ...
    def own_class(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any: ...


@dataclass
class _Function:
    definition: ast.FunctionDef | ast.Lambda
    scope: "_Scope"


@dataclass
class _Class:
    name: str


@dataclass
class _Scope:
    names: dict[str, Any] = field(default_factory=dict)
    outer: "_Scope | None" = None

    def find(self, name: str) -> Any:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Reader:
    """Follows one script. `meaning` says what names of Keras do; `functions` are those that the script defines."""

    def __init__(self, source: str, meaning: Callable[["Reader"], Meaning]) -> None:
        self.lines = source.splitlines()
        self.functions: dict[str, ast.FunctionDef] = {}
        self._globals = _Scope({"__name__": "__main__"})
        self._meaning = meaning(self)
        self._steps = 0
        self._depth = 0

    def follow(self, tree: ast.Module) -> None:
        """Follow all statements; raise `NotPython` for one that is beyond the subset."""
        self._block(tree.body, self._globals)

    def call_function(self, name: str) -> Any:
        """Call a function of the script without arguments."""
        function = self._globals.find(name)
        return self._apply(function, [], {}, self.functions[name])

    def fail(self, node: Any, why: str, hint: str = "") -> Exception:
        return beyond(getattr(node, "lineno", 0), self.lines, why, hint=hint)

    # Statements

    def _block(self, statements: list[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise self.fail(statement, f"the script takes more than {MAX_STEPS:,} steps.")
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: _Scope) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                scope.names.update(_imported(node))
            case ast.Expr(value=value):
                self._value(value, scope)
            case ast.Assign(targets=targets, value=value):
                found = self._value(value, scope)
                for target in targets:
                    self._assign(target, found, scope, node)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._assign(target, self._value(value, scope), scope, node)
            case ast.AugAssign(target=target, op=op, value=value):
                before = self._value(target, scope)
                if isinstance(before, list) and isinstance(op, ast.Add):
                    before.extend(self._items(self._value(value, scope), node))
                else:
                    found = self._binary(op, before, self._value(value, scope), node)
                    self._assign(target, found, scope, node)
            case ast.FunctionDef(name=name):
                if scope is self._globals:
                    self.functions[name] = node
                scope.names[name] = _Function(node, scope)
            case ast.ClassDef(name=name):
                scope.names[name] = _Class(name)
            case ast.Return(value=value):
                raise _Return(None if value is None else self._value(value, scope))
            case ast.If(test=test, body=body, orelse=otherwise):
                held = self._value(test, scope)
                if isinstance(held, Unknown) or is_symbolic(held):
                    self._pass_over(node, "whether this holds", [*body, *otherwise], scope)
                else:
                    self._block(body if held else otherwise, scope)
            case ast.While(body=body):
                self._pass_over(node, "how often this repeats", body, scope)
            case ast.AsyncFunctionDef(name=name):
                scope.names[name] = Unknown(name, node.lineno)
            case ast.Match(cases=cases):
                self._pass_over(node, "which case this is", [part for each in cases for part in each.body], scope)
            case ast.Raise():
                raise self.fail(node, "the script ends here.")
            case ast.For():
                self._loop(node, scope)
            case ast.With(items=items, body=body):
                for item in items:
                    entered = self._value(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, entered, scope, node)
                self._block(body, scope)
            case ast.Try(body=body, orelse=otherwise, finalbody=last):
                self._block([*body, *otherwise, *last], scope)
            case ast.Break():
                raise _Break
            case ast.Continue():
                raise _Continue
            case ast.Pass() | ast.Assert() | ast.Global() | ast.Nonlocal() | ast.Delete():
                pass
            case _:
                raise self.fail(node, f"{type(node).__name__} cannot be read.")

    def _loop(self, node: ast.For, scope: _Scope) -> None:
        values = self._value(node.iter, scope)
        if isinstance(values, Unknown):
            self._pass_over(node, "what this loop runs over", node.body, scope)
            return
        try:
            for value in self._items(values, node):
                self._assign(node.target, value, scope, node)
                try:
                    self._block(node.body, scope)
                except _Continue:
                    continue
        except _Break:
            return
        self._block(node.orelse, scope)

    def _pass_over(self, node: ast.stmt, what: str, body: list[ast.stmt], scope: _Scope) -> None:
        """Leave out statements that are about data; raise `NotPython` where they name a model, a layer or a tensor.

        What they assign is not known after them.
        """
        walked = [each for statement in body for each in ast.walk(statement)]
        looked_at = {id(each.value) for each in walked if isinstance(each, ast.Attribute) and each.attr in LOOKING}
        for each in walked:
            if isinstance(each, ast.Name):
                if id(each) not in looked_at and _is_of_models(scope.find(each.id)):
                    raise self.fail(node, f"{what} is not known without running the script.")
                if isinstance(each.ctx, ast.Store):
                    scope.names[each.id] = Unknown(each.id, each.lineno)

    def _assign(self, target: ast.expr, value: Any, scope: _Scope, node: ast.stmt) -> None:
        match target:
            case ast.Name(id=name):
                scope.names[name] = value
                self._meaning.named(value, name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, item in zip(parts, self._unpacked(value, parts, node), strict=True):
                    self._assign(part.value if isinstance(part, ast.Starred) else part, item, scope, node)
            case ast.Attribute(value=owner, attr=name):
                held = self._value(owner, scope)
                if isinstance(held, LayerValue):
                    self._meaning.assign(held, name, value, node)
            case ast.Subscript(value=owner, slice=key):
                held, place = self._value(owner, scope), self._value(key, scope)
                if isinstance(held, dict | list):
                    try:
                        held[place] = value
                    except (IndexError, TypeError, KeyError) as error:
                        raise self.fail(node, f"this place is not there: {error}.") from error
            case _:
                raise self.fail(node, "this cannot be assigned to.")

    def _unpacked(self, value: Any, parts: list[ast.expr], node: ast.stmt) -> list[Any]:
        starred = [index for index, part in enumerate(parts) if isinstance(part, ast.Starred)]
        if isinstance(value, Unknown):
            return [value] * len(parts)
        if isinstance(value, Results):
            found: list[Any] = [Tensor(value.layer, value.call, index) for index in range(len(parts))]
            if starred:
                found[starred[0]] = _Rest(value, starred[0])
            return found
        items = list(self._items(value, node))
        if starred:
            before, after = starred[0], len(parts) - starred[0] - 1
            if len(items) < before + after:
                raise self.fail(node, "there are fewer values than names.")
            end = len(items) - after
            return [*items[:before], items[before:end], *items[end:]]
        if len(items) != len(parts):
            raise self.fail(node, f"there are {len(items)} values for {len(parts)} names.")
        return items

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

    def _truth(self, test: ast.expr, scope: _Scope) -> bool:
        value = self._value(test, scope)
        if isinstance(value, Unknown) or is_symbolic(value):
            raise self.fail(test, "whether this holds is not known without running the script.")
        return bool(value)

    # Expressions

    def _value(self, node: ast.expr, scope: _Scope) -> Any:
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
                    return Path(canonical(f"{held.name}.{name}"))
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
                return _Function(node, scope)
            case ast.NamedExpr(target=target, value=value):
                found = self._value(value, scope)
                scope.names[target.id] = found
                return found
            case _:
                return Unknown(ast.unparse(node)[:200], node.lineno)

    def _name(self, name: str, scope: _Scope, node: ast.expr) -> Any:
        found = scope.find(name)
        if found is None and name not in _BUILTINS:
            known = scope
            while known is not None:
                if name in known.names:
                    return None
                known = known.outer  # type: ignore[assignment]
            return Unknown(name, node.lineno)
        return Path(f"builtins.{name}") if found is None else found

    def _parts(self, parts: list[ast.expr], scope: _Scope) -> Iterator[Any]:
        for part in parts:
            if isinstance(part, ast.Starred):
                held = self._value(part.value, scope)
                if isinstance(held, Unknown):
                    yield held
                elif isinstance(held, Results | _Rest):
                    yield held.results if isinstance(held, _Rest) else held
                else:
                    yield from self._items(held, part)
            else:
                yield self._value(part, scope)

    def _dictionary(
        self, keys: list[ast.expr | None], values: list[ast.expr], scope: _Scope, node: ast.expr
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

    def _comprehension(self, part: ast.expr, loops: list[ast.comprehension], scope: _Scope) -> Iterator[Any]:
        if not loops:
            yield self._value(part, scope)
            return
        inner = _Scope(outer=scope)
        for value in self._items(self._value(loops[0].iter, scope), part):
            self._assign(loops[0].target, value, inner, ast.Pass(lineno=part.lineno))
            if all(self._truth(test, inner) for test in loops[0].ifs):
                yield from self._comprehension(part, loops[1:], inner)

    def _text(self, parts: list[ast.expr], scope: _Scope, node: ast.expr) -> Any:
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

    def _compare(self, node: ast.Compare, scope: _Scope) -> Any:
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

    def _either(self, op: ast.boolop, values: list[ast.expr], scope: _Scope) -> Any:
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
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return Unknown(ast.unparse(node)[:200], getattr(node, "lineno", 0))
        if holds_symbolic([left, right]) and not isinstance(op, ast.Add):
            raise self.fail(node, "this cannot be computed with layers.")
        return self._computed(op, left, right, node)

    def _computed(self, op: ast.operator, left: Any, right: Any, node: Any) -> Any:
        sizes = [len(value) if isinstance(value, str | list | tuple) else 0 for value in (left, right)]
        numbers = [value for value in (left, right) if isinstance(value, int | float)]
        if isinstance(op, ast.Mod) and isinstance(left, str) and not _TEMPLATE.fullmatch(left):
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
        if isinstance(owner, Unknown):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if isinstance(owner, _Rest) and isinstance(key, int) and key >= 0:
            return Tensor(owner.results.layer, owner.results.call, owner.skipped + key)
        if isinstance(owner, Results | Tensor):
            return self._meaning.index(owner, key, node)  # type: ignore[arg-type]
        if isinstance(owner, Array):
            owner = owner.value
        try:
            return owner[key]
        except (TypeError, KeyError, IndexError):
            return Unknown(ast.unparse(node)[:200], node.lineno)

    # Calls

    def _call(self, node: ast.Call, scope: _Scope) -> Any:
        method = node.func if isinstance(node.func, ast.Attribute) else None
        owner = self._value(method.value, scope) if method is not None else None
        args = list(self._parts(node.args, scope))
        kwargs = self._keywords(node, scope)
        if method is not None and isinstance(owner, LayerValue):
            return self._meaning.method(owner, method.attr, args, kwargs, node)
        if method is not None and isinstance(owner, str | list | dict) and method.attr in _METHODS:
            if method.attr == "format" and not _TEMPLATE.fullmatch(str(owner)):
                raise self.fail(node, "this text cannot be put together.")
            return self._plain(getattr(owner, method.attr), args, kwargs, node)
        if method is not None and not isinstance(owner, Path):
            if not holds_symbolic([args, kwargs, owner if isinstance(owner, list | dict) else None]):
                return Unknown(ast.unparse(node)[:200], node.lineno)
            raise self.fail(node, f"{ast.unparse(node.func)[:80]} is not known.")
        path = canonical(f"{owner.name}.{method.attr}") if method is not None and isinstance(owner, Path) else ""
        function = Path(path) if path else None
        return self._apply(function or self._value(node.func, scope), args, kwargs, node)

    def _keywords(self, node: ast.Call, scope: _Scope) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self._value(keyword.value, scope)
            if keyword.arg is not None:
                found[keyword.arg] = value
            elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
                found |= value
            else:
                raise self.fail(node, "what ** hands on here is not known without running the script.")
        return found

    def _apply(self, function: Any, args: list[Any], kwargs: dict[str, Any], node: Any) -> Any:
        if isinstance(function, _Function):
            return self._run(function, args, kwargs, node)
        if isinstance(function, LayerValue):
            return self._meaning.call_layer(function, args, kwargs, node)
        if isinstance(function, _Class):
            return self._meaning.own_class(function.name, args, kwargs, node)
        if isinstance(function, Path):
            module, _, name = function.name.rpartition(".")
            if module == "builtins":
                return self._plain(_BUILTINS[name], args, kwargs, node)
            return self._meaning.call(function.name, args, kwargs, node)
        if isinstance(function, Unknown) and not holds_symbolic([args, kwargs]):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if isinstance(function, Unknown) and function.text == "print":
            return None
        raise self.fail(node, "what is called here is not known without running the script.")

    def _plain(self, function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if function is range and any(isinstance(value, int) and abs(value) > MAX_ITEMS for value in args):
            raise self.fail(node, f"this has more than {MAX_ITEMS:,} values.")
        try:
            found = function(*args, **kwargs)
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if isinstance(found, str | list | tuple) and len(found) > MAX_ITEMS:
            raise self.fail(node, f"this has more than {MAX_ITEMS:,} values.")
        return found

    def _run(self, function: _Function, args: list[Any], kwargs: dict[str, Any], node: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_CALLS:
            raise self.fail(node, "functions call one another too deeply.")
        try:
            scope = _Scope(self._bound(function, args, kwargs, node), function.scope)
            if isinstance(function.definition, ast.Lambda):
                return self._value(function.definition.body, scope)
            self._block(function.definition.body, scope)
            return None
        except _Return as returned:
            return returned.value
        finally:
            self._depth -= 1

    def _bound(self, function: _Function, args: list[Any], kwargs: dict[str, Any], node: Any) -> dict[str, Any]:
        wanted = function.definition.args
        names = [argument.arg for argument in (*wanted.posonlyargs, *wanted.args)]
        found: dict[str, Any] = {}
        defaults = wanted.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            found[name] = self._value(default, function.scope)
        for argument, given in zip(wanted.kwonlyargs, wanted.kw_defaults, strict=True):
            if given is not None:
                found[argument.arg] = self._value(given, function.scope)
        found |= dict(zip(names, args, strict=False))
        if wanted.vararg is not None:
            found[wanted.vararg.arg] = list(args[len(names) :])
        elif len(args) > len(names):
            raise self.fail(node, "this hands on more arguments than the function takes.")
        known = {*names, *(argument.arg for argument in wanted.kwonlyargs)}
        found |= {name: value for name, value in kwargs.items() if name in known}
        rest = {name: value for name, value in kwargs.items() if name not in known}
        if wanted.kwarg is not None:
            found[wanted.kwarg.arg] = rest
        elif rest:
            raise self.fail(node, f"the function takes no argument {next(iter(rest))}.")
        missing = [name for name in known if name not in found]
        if missing:
            raise self.fail(node, f"the argument {sorted(missing)[0]} is missing.")
        return found


@dataclass(frozen=True)
class _Rest:
    """What a starred name holds of the results of a call: all from `skipped` on."""

    results: Results
    skipped: int


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            yield (alias.asname, Path(canonical(alias.name))) if alias.asname else (first, Path(canonical(first)))
        return
    module = canonical(node.module or "")
    for alias in node.names:
        if alias.name == "*":
            continue
        yield alias.asname or alias.name, Path(canonical(f"{module}.{alias.name}"))


def canonical(path: str) -> str:
    """Return the name that Keras 3 has for `tensorflow.keras...` and the like."""
    for prefix in ("tensorflow.python.keras", "tensorflow.keras", "tf_keras", "tensorflow.compat.v1.keras"):
        if path == prefix or path.startswith(f"{prefix}."):
            return "keras" + path[len(prefix) :]
    return path


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(type(value))
    return value


def _is_of_models(value: Any) -> bool:
    if isinstance(value, Path):
        return f"{value.name}.".startswith(("keras.layers.", "keras.Sequential.", "keras.Model.", "keras.Input."))
    return isinstance(value, _Class) or holds_symbolic(value)
