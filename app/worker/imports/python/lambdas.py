"""A `Lambda` of a script as an `Expression`: where its function is one formula over the functions of `keras.ops`."""

import ast
from typing import Final

from app.layers.expression import FUNCTIONS, ExpressionError, parse_expression
from app.worker.imports.python.one_line import Known, NoLine, OneLine

_WORDS: Final = """
    abs cos exp expand_dims log max maximum mean min minimum prod relu reshape sigmoid sign sin softmax softplus sqrt
    square squeeze sum tanh
"""
_SAME: Final = frozenset(_WORDS.split())
"""Functions of `keras.backend` and TensorFlow that do what those of `keras.ops` of the same name do."""

_RENAMED: Final = {f"reduce_{name}": name for name in ("max", "mean", "min", "prod", "sum")}
_MODULES: Final = frozenset({"keras.backend", "tensorflow", "tensorflow.math", "tensorflow.nn"})
_EPSILON: Final = 1e-7
"""What `keras.backend.epsilon()` gives, unless somebody sets it."""


def expression_of(definition: ast.FunctionDef | ast.Lambda, known: Known) -> str | None:
    """Return the text of the `Expression` that computes what the function does; None where there is none."""
    arguments = definition.args
    only = [*arguments.posonlyargs, *arguments.args]
    if len(only) != 1 or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return None
    try:
        text = ast.unparse(_Formula(only[0].arg, known).of(definition))
        parse_expression(text)
    except (NoLine, ExpressionError, RecursionError):
        return None
    return text


class _Formula(OneLine):
    """Writes the result of a function in terms of its one argument, step by step."""

    def __init__(self, argument: str, known: Known) -> None:
        super().__init__(known)
        self._argument = argument
        self._names: dict[str, ast.expr] = {}
        self._several: bool | None = None

    def of(self, definition: ast.FunctionDef | ast.Lambda) -> ast.expr:
        if isinstance(definition, ast.Lambda):
            return self._written(definition.body)
        for statement in definition.body:
            match statement:
                case ast.Expr(value=ast.Constant()):
                    continue
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._names[name] = self._written(value)
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id=name)) if name == self._argument:
                    for index, part in enumerate(parts):
                        if not isinstance(part, ast.Name):
                            raise NoLine
                        self._names[part.id] = self._input(index)
                case ast.Return(value=value) if value is not None:
                    return self._written(value)
                case _:
                    raise NoLine
        raise NoLine

    def _input(self, index: int | None) -> ast.Name:
        """Return the name of an input; all uses mean one tensor, or all mean one of several."""
        if self._several is (index is None):
            raise NoLine
        self._several = index is not None
        return ast.Name("x" if index is None else f"x{index + 1}")

    def _written(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(index))) if (
                name == self._argument and name not in self._names and index >= 0
            ):
                return self._input(index)
            case ast.Name(id=name) if name in self._names:
                return self.repeated(self._names[name])
            case ast.Name(id=name) if name == self._argument:
                return self._input(None)
            case ast.Name() | ast.Attribute():
                return self.constant(node)
            case ast.Constant():
                return node
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(self._written(left), op, self._written(right))
            case ast.UnaryOp(op=op, operand=operand):
                return ast.UnaryOp(op, self._written(operand))
            case ast.Subscript(value=value, slice=key):
                return ast.Subscript(self._written(value), key)
            case ast.Tuple(elts=parts):
                return ast.Tuple([self._written(part) for part in parts])
            case ast.List(elts=parts):
                return ast.List([self._written(part) for part in parts])
            case ast.Call(func=function, args=arguments, keywords=keywords):
                return self._call(function, arguments, keywords)
        raise NoLine

    def _call(self, function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr:
        path = self.known(function)
        if path == "keras.backend.epsilon" and not arguments and not keywords:
            return ast.Constant(_EPSILON)
        module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
        name = _RENAMED.get(name, name) if module in _MODULES else name
        if name not in (FUNCTIONS if module == "keras.ops" else _SAME if module in _MODULES else ()):
            raise NoLine
        named = [ast.keyword(keyword.arg, self._written(keyword.value)) for keyword in keywords if keyword.arg]
        if len(named) != len(keywords):
            raise NoLine
        return ast.Call(ast.Attribute(ast.Name("ops"), name), [self._written(each) for each in arguments], named)
