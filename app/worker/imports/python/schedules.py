"""The function of a `LearningRateScheduler` in a script, as the line of arithmetic that a design has for it."""

import ast
from typing import Final

from app.catalog.schedule import BadSchedule, read_schedule
from app.worker.imports.python.one_line import Known, NoLine, OneLine

MAX_STATEMENTS: Final = 300
"""How many statements are followed; those after an `if` count for each of its branches."""

_PI: Final = ("math.pi", "numpy.pi")
_POWERS: Final = frozenset({"pow", "power"})


def schedule_of(definition: ast.FunctionDef | ast.Lambda, known: Known) -> str | None:
    """Return the line that gives the learning rate that the function gives for (epoch, lr); None without one.

    `known` says what a name of the script stands for: a number, or the dotted name of a library's function.
    """
    given = definition.args
    arguments = [*given.posonlyargs, *given.args]
    if not 1 <= len(arguments) <= 2 or given.kwonlyargs or given.vararg or given.kwarg:
        return None
    names: dict[str, ast.expr] = {
        argument.arg: ast.Name(name) for argument, name in zip(arguments, ("epoch", "lr"), strict=False)
    }
    try:
        if isinstance(definition, ast.Lambda):
            line = _Rate(known).of_value(definition.body, names)
        else:
            line = _Rate(known).of_block(definition.body, names)
        text = ast.unparse(line)
        read_schedule(text)
    except (NoLine, BadSchedule, RecursionError):
        return None
    return text


class _Rate(OneLine):
    """Branches become `a if b else c`."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._statements = 0

    def of_block(self, statements: list[ast.stmt], names: dict[str, ast.expr]) -> ast.expr:
        for index, statement in enumerate(statements):
            self._statements += 1
            if self._statements > MAX_STATEMENTS:
                raise NoLine
            match statement:
                case ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
                    continue
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    names = {**names, name: self.of_value(value, names)}
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    names = {**names, name: self.of_value(ast.BinOp(ast.Name(name), op, value), names)}
                case ast.Return(value=value) if value is not None:
                    return self.of_value(value, names)
                case ast.If(test=test, body=body, orelse=otherwise):
                    rest = statements[index + 1 :]
                    return ast.IfExp(
                        self.of_value(test, names),
                        self.of_block([*body, *rest], names),
                        self.of_block([*otherwise, *rest], names),
                    )
                case _:
                    raise NoLine
        raise NoLine

    def of_value(self, node: ast.expr, names: dict[str, ast.expr]) -> ast.expr:
        match node:
            case ast.Name(id=name) if name in names:
                return self.repeated(names[name])
            case ast.Constant():
                return node
            case ast.Name() | ast.Attribute():
                return ast.Name("pi") if self.known(node) in _PI else self.constant(node)
            case ast.Call(func=ast.Name(id="float"), args=[value], keywords=[]):
                return self.of_value(value, names)
            case ast.Call(func=function, args=arguments, keywords=[]):
                path = self.known(function)
                if not isinstance(path, str):
                    raise NoLine
                name, given = path.rpartition(".")[2], [self.of_value(each, names) for each in arguments]
                if name in _POWERS and len(given) == 2:
                    return ast.BinOp(given[0], ast.Pow(), given[1])
                return ast.Call(ast.Name(name), given, [])
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(self.of_value(left, names), op, self.of_value(right, names))
            case ast.UnaryOp(op=op, operand=operand):
                return ast.UnaryOp(op, self.of_value(operand, names))
            case ast.BoolOp(op=op, values=values):
                return ast.BoolOp(op, [self.of_value(each, names) for each in values])
            case ast.Compare(left=left, ops=ops, comparators=others):
                return ast.Compare(self.of_value(left, names), ops, [self.of_value(each, names) for each in others])
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return ast.IfExp(*(self.of_value(each, names) for each in (test, body, otherwise)))
        raise NoLine
