"""What the functions of a script that are one formula have in common, whatever the formula is written in."""

import ast
from collections.abc import Callable
from typing import Any, Final

MAX_NODES: Final = 2_000
"""How many parts of expressions may be repeated where names stand for them."""

Known = Callable[[ast.expr], Any]
"""Returns what a name of the script stands for: a number, the dotted name of a library's function, or None."""


class NoLine(Exception):
    """The function does more than one line can say."""


class OneLine:
    """Writes what a function gives back as one expression, in which names stand for what they were assigned."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._nodes = 0

    def repeated(self, expression: ast.expr) -> ast.expr:
        """Return `expression`, to stand where a name stood; raise `NoLine` when all that is repeated grows too long.

        A line that doubles what it is given would, line by line, be doubled without end.
        """
        for _ in ast.walk(expression):
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise NoLine
        return expression

    def constant(self, node: ast.expr) -> ast.expr:
        """Return the number that a name of the script stands for; raise `NoLine` where it is none."""
        value = self.known(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NoLine
        return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))
