"""What the names of a script stand for: where each is known, what importing gives, and what libraries mean by them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.worker.imports.python.values import LayerValue, Path, Results, Tensor, holds_symbolic


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
class Function:
    """A function of the script, with the scope that it was defined in."""

    definition: ast.FunctionDef | ast.Lambda
    scope: "Scope"


@dataclass
class OwnClass:
    """A class that the script defines."""

    name: str


@dataclass
class Scope:
    """The names of a script, or of one call of a function, and those around them."""

    names: dict[str, Any] = field(default_factory=dict)
    outer: "Scope | None" = None

    def find(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


@dataclass(frozen=True)
class Rest:
    """What a starred name holds of the results of a call: all from `skipped` on."""

    results: Results
    skipped: int


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Any]]:
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


def is_of_models(value: Any) -> bool:
    if isinstance(value, Path):
        return f"{value.name}.".startswith(("keras.layers.", "keras.Sequential.", "keras.Model.", "keras.Input."))
    return isinstance(value, OwnClass) or holds_symbolic(value)
