"""What the expressions of a script stand for while it is read. Nothing here computes with tensors."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.catalog.model import Kind, ObjectSpec
from app.worker.imports.errors import NotPython

EXPECTED: Final = "Sequential and functional Keras code, as docs/import-python.md describes it"


@dataclass(frozen=True)
class Path:
    """A dotted name of a module or of what it holds: `keras.layers.Dense`."""

    name: str


@dataclass(frozen=True)
class Unknown:
    """A value that the reader does not follow, such as data; `text` is the expression that gave it."""

    text: str
    line: int


@dataclass(frozen=True)
class Data(Unknown):
    """Data of `keras.datasets`, which is not loaded; its shape is known, samples first."""

    dataset: str
    shape: tuple[int, ...]

    def of(self, shape: tuple[int, ...]) -> "Data":
        return replace(self, shape=shape)


@dataclass(eq=False)
class Made:
    """A Keras object other than a layer: an optimizer, a loss, an initializer."""

    kind: Kind
    class_name: str
    config: dict[str, Any]


@dataclass(eq=False)
class Array:
    """Constant values, of `numpy.array`."""

    value: Any


@dataclass(eq=False)
class LayerValue:
    """A layer, a model or an operation. `calls` are the arguments of each call, by position and by name."""

    class_name: str
    name: str
    config: dict[str, Any]
    line: int
    spec: ObjectSpec | None = None
    calls: list["CallValue"] = field(default_factory=list)
    is_input: bool = False
    is_named: bool = True
    """Whether the script gives the name, or Keras would make it up."""
    order: int = 0
    """The place among the layers that one line of the script makes."""


@dataclass(eq=False)
class ModelValue(LayerValue):
    """A model: a chain of layers (Sequential), or what lies between inputs and outputs."""

    layers: list[LayerValue] = field(default_factory=list)
    inputs: Any = None
    outputs: Any = None
    compiled: dict[str, Any] | None = None
    fitted: dict[str, Any] | None = None

    @property
    def is_sequential(self) -> bool:
        return self.class_name == "Sequential"


@dataclass(eq=False)
class CallValue:
    args: list[Any]
    kwargs: dict[str, Any]
    line: int


@dataclass(frozen=True)
class Tensor:
    """What a call of a layer gives; the `index`-th of several."""

    layer: LayerValue
    call: int
    index: int = 0


@dataclass(frozen=True)
class Results:
    """What a call gives that may be one tensor or several; unpacking or an index decides."""

    layer: LayerValue
    call: int

    @property
    def first(self) -> Tensor:
        return Tensor(self.layer, self.call, 0)


def as_tensor(value: Any) -> Any:
    """Return the first tensor where a call stands for one, else the value."""
    return value.first if isinstance(value, Results) else value


def is_symbolic(value: Any) -> bool:
    return isinstance(value, Tensor | Results)


def holds_symbolic(value: Any) -> bool:
    """Return whether a value is, or holds, a tensor or a layer."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Tensor | Results | LayerValue):
            return True
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
    return False


def is_plain(value: Any) -> bool:
    """Return whether the `repr` of a value is Python that gives it: numbers, texts, and lists and dicts of them."""
    match value:
        case dict():
            return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
        case list() | tuple():
            return all(map(is_plain, value))
        case float():
            return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


def beyond(line: int, source_lines: list[str], why: str, expected: str = EXPECTED, hint: str = "") -> NotPython:
    """Return the error for a line that cannot be read, with the line itself."""
    text = source_lines[line - 1].strip() if 0 < line <= len(source_lines) else ""
    return NotPython(
        f"Line {line}: {why}",
        expected=expected,
        received=f"line {line}: {text}"[:300],
        hint=hint or "Write this part out plainly, or save the model with model.save('model.keras') and import that.",
        line=line,
    )
