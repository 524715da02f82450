"""A subset of Python followed without running it: a syntax tree is walked, and only values of our own are computed.

Names, literals, arithmetic on numbers, loops over known values, functions and `if` with a known condition are
followed; what a name of Keras means is for `app.worker.imports.python.meaning`. Everything else is `Unknown`,
which is harmless until a model needs it.
"""

import ast
from collections.abc import Callable
from typing import Any, Final

from app.worker.imports.python.calls import Calls, Returned
from app.worker.imports.python.expressions import MAX_STEPS
from app.worker.imports.python.names import Function, Meaning, OwnClass, Rest, Scope, imported, is_of_models
from app.worker.imports.python.values import LayerValue, Results, Tensor, Unknown, is_symbolic

LOOKING: Final = frozenset(
    {"summary", "save", "save_weights", "load_weights", "evaluate", "predict", "build", "count_params", "to_json"}
)
"""Methods of a model that leave it as it is, as far as a design goes."""


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Reader(Calls):
    """Follows one script. `meaning` says what names of Keras do; `functions` are those that the script defines."""

    def __init__(self, source: str, meaning: Callable[["Reader"], Meaning]) -> None:
        super().__init__(source.splitlines())
        self.functions: dict[str, ast.FunctionDef] = {}
        self._globals = Scope({"__name__": "__main__"})
        self._meaning = meaning(self)

    def follow(self, tree: ast.Module) -> None:
        """Follow all statements; raise `NotPython` for one that is beyond the subset."""
        self._block(tree.body, self._globals)

    def call_function(self, name: str) -> Any:
        """Call a function of the script without arguments."""
        function = self._globals.find(name)
        return self._apply(function, [], {}, self.functions[name])

    def _block(self, statements: list[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise self.fail(statement, f"the script takes more than {MAX_STEPS:,} steps.")
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                scope.names.update(imported(node))
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
                scope.names[name] = Function(node, scope)
            case ast.ClassDef(name=name):
                scope.names[name] = OwnClass(name)
            case ast.Return(value=value):
                raise Returned(None if value is None else self._value(value, scope))
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

    def _loop(self, node: ast.For, scope: Scope) -> None:
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

    def _pass_over(self, node: ast.stmt, what: str, body: list[ast.stmt], scope: Scope) -> None:
        """Leave out statements that are about data; raise `NotPython` where they name a model, a layer or a tensor.

        What they assign is not known after them.
        """
        walked = [each for statement in body for each in ast.walk(statement)]
        looked_at = {id(each.value) for each in walked if isinstance(each, ast.Attribute) and each.attr in LOOKING}
        for each in walked:
            if isinstance(each, ast.Name):
                if id(each) not in looked_at and is_of_models(scope.find(each.id)):
                    raise self.fail(node, f"{what} is not known without running the script.")
                if isinstance(each.ctx, ast.Store):
                    scope.names[each.id] = Unknown(each.id, each.lineno)

    def _assign(self, target: ast.expr, value: Any, scope: Scope, node: ast.stmt) -> None:
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
                found[starred[0]] = Rest(value, starred[0])
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
