"""Calls in a script: of its own functions, of what builds a model, and of a few functions of Python."""

import ast
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Final

from app.worker.imports.python.data import method as data_method
from app.worker.imports.python.expressions import BUILTINS, MAX_ITEMS, TEMPLATE, Expressions
from app.worker.imports.python.names import Function, OwnClass, Scope, canonical
from app.worker.imports.python.values import Data, LayerValue, Path, Unknown, holds_symbolic

MAX_CALLS: Final = 40

_METHODS: Final = frozenset(
    {
        *("append", "extend", "insert", "pop", "items", "keys", "values", "get", "copy", "update", "format"),
        *("lower", "upper", "join", "split", "strip", "startswith", "endswith", "replace"),
    }
)


class Returned(Exception):
    """A function gives `value` back."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Calls(Expressions):
    """Calls of functions, classes and methods. `_block` follows the statements of a function."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self._depth = 0

    @abstractmethod
    def _block(self, statements: list[ast.stmt], scope: Scope) -> None:
        """Follow statements in order."""

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        method = node.func if isinstance(node.func, ast.Attribute) else None
        owner = self._value(method.value, scope) if method is not None else None
        args = list(self._parts(node.args, scope))
        kwargs = self._keywords(node, scope)
        if method is not None and isinstance(owner, LayerValue):
            return self._meaning.method(owner, method.attr, args, kwargs, node)
        if method is not None and isinstance(owner, str | list | dict) and method.attr in _METHODS:
            if method.attr == "format" and not TEMPLATE.fullmatch(str(owner)):
                raise self.fail(node, "this text cannot be put together.")
            return self._plain(getattr(owner, method.attr), args, kwargs, node)
        if (
            method is not None
            and isinstance(owner, Data)
            and (found := data_method(owner, method.attr, args)) is not None
        ):
            return found
        if method is not None and not isinstance(owner, Path):
            if not holds_symbolic([args, kwargs, owner if isinstance(owner, list | dict) else None]):
                return Unknown(ast.unparse(node)[:200], node.lineno)
            raise self.fail(node, f"{ast.unparse(node.func)[:80]} is not known.")
        path = canonical(f"{owner.name}.{method.attr}") if method is not None and isinstance(owner, Path) else ""
        function = Path(path) if path else None
        return self._apply(function or self._value(node.func, scope), args, kwargs, node)

    def _keywords(self, node: ast.Call, scope: Scope) -> dict[str, Any]:
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
        if isinstance(function, Function):
            return self._run(function, args, kwargs, node)
        if isinstance(function, LayerValue):
            return self._meaning.call_layer(function, args, kwargs, node)
        if isinstance(function, OwnClass):
            return self._meaning.own_class(function.name, args, kwargs, node)
        if isinstance(function, Path):
            module, _, name = function.name.rpartition(".")
            if module == "builtins" and name == "len" and isinstance(args[0] if args else None, Data):
                return args[0].shape[0]
            if module == "builtins":
                return self._plain(BUILTINS[name], args, kwargs, node)
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

    def _run(self, function: Function, args: list[Any], kwargs: dict[str, Any], node: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_CALLS:
            raise self.fail(node, "functions call one another too deeply.")
        try:
            scope = Scope(self._bound(function, args, kwargs, node), function.scope)
            if isinstance(function.definition, ast.Lambda):
                return self._value(function.definition.body, scope)
            self._block(function.definition.body, scope)
            return None
        except Returned as returned:
            return returned.value
        finally:
            self._depth -= 1

    def _bound(self, function: Function, args: list[Any], kwargs: dict[str, Any], node: Any) -> dict[str, Any]:
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
