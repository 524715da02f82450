"""Parts of a script that stand by themselves: a class or a function with what it names of the script around it."""

import ast
import symtable
from collections.abc import Iterable
from copy import copy
from typing import Any

from app.worker.imports.python.names import canonical, imported
from app.worker.imports.python.values import Path


class Excerpts:
    """The statements of a script that bind names, by those names."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self._source = source
        self._order = {id(statement): number for number, statement in enumerate(tree.body)}
        self._binds: dict[str, ast.stmt] = {}
        self._paths: dict[str, Any] = {}
        for statement in tree.body:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    for name, path in imported(statement):
                        self._binds[name] = statement
                        self._paths[name] = path
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self._binds[name] = statement
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self._binds[name] = statement

    def bound(self, name: str) -> ast.stmt | None:
        """Return the statement of the script that binds `name` last."""
        return self._binds.get(name)

    def path(self, node: ast.expr) -> str:
        """Return what an expression names of a library: `keras.layers.Layer`; empty for anything else."""
        match node:
            case ast.Name(id=name) if isinstance(self._paths.get(name), Path):
                return str(self._paths[name].name)
            case ast.Attribute(value=owner, attr=name):
                return canonical(f"{self.path(owner)}.{name}")
        return ""

    def text(self, node: ast.stmt) -> str:
        """Return a statement as it stands; without decorators, which register a class for files of another program."""
        segment = ast.get_source_segment(self._source, node) if node.col_offset == 0 else None
        if segment is not None:
            return segment
        plain = copy(node)
        if isinstance(plain, ast.FunctionDef | ast.ClassDef):
            plain.decorator_list = []
        return ast.unparse(plain)

    def standing(self, *parts: ast.stmt | str) -> str | None:
        """Return statements of the script, and texts after them, with all that they name of the script.

        None where they name what is not known before running.
        """
        texts = [part for part in parts if isinstance(part, str)]
        waiting = [part for part in parts if isinstance(part, ast.stmt)]
        needed: dict[int, ast.stmt] = {}
        names = names_in("\n".join(texts))
        if names is None:
            return None
        waiting += self._binding(names)
        while waiting:
            each = waiting.pop()
            if id(each) in needed:
                continue
            if isinstance(each, ast.Assign) and any(isinstance(part, ast.Call) for part in ast.walk(each.value)):
                return None
            needed[id(each)] = each
            if not isinstance(each, ast.Import | ast.ImportFrom):
                names = names_in(self.text(each))
                if names is None:
                    return None
                waiting += self._binding(names)
        found = sorted(needed.values(), key=lambda each: self._order[id(each)])
        whole = [*(self.text(each) for each in found), *texts]
        imports = [text for text in whole if text.startswith(("import ", "from "))]
        others = [text for text in whole if text not in imports]
        return "\n\n\n".join(filter(None, ["\n".join(imports), *others])) + "\n"

    def _binding(self, names: Iterable[str]) -> list[ast.stmt]:
        return [self._binds[name] for name in names if name in self._binds]


def names_in(text: str) -> set[str] | None:
    """Return the names that statements take from what is around them; None where Python cannot compile them."""
    try:
        top = symtable.symtable(text, "script", "exec")
    except SyntaxError:
        return None
    found: set[str] = set()
    waiting = [top]
    while waiting:
        table = waiting.pop()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        waiting += table.get_children()
    return found - _bound_in(top)


def _bound_in(top: symtable.SymbolTable) -> set[str]:
    return {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
