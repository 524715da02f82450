"""Functions that a script hands to Keras, in the form in which a design holds them: a class, or a function as it is."""

import ast
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from app.catalog.functions import accepts
from app.catalog.model import Kind

Definition = ast.FunctionDef | ast.Lambda

_CALLED_WITH: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.LAYER: ("inputs",),
    Kind.LOSS: ("y_true", "y_pred"),
    Kind.METRIC: ("y_true", "y_pred"),
    Kind.INITIALIZER: ("shape", "dtype="),
    Kind.REGULARIZER: ("weights",),
    Kind.ACTIVATION: ("x",),
}
"""With what Keras calls a function that it is given as an object of a kind; `dtype=` is given by name."""

_METHODS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.LAYER: ("keras.layers.Layer", "call"),
    Kind.LOSS: ("keras.losses.Loss", "call"),
    Kind.INITIALIZER: ("keras.initializers.Initializer", "__call__"),
    Kind.REGULARIZER: ("keras.regularizers.Regularizer", "__call__"),
}
"""What a class extends, and which of its methods does what the function does."""

_HANDED_ON: Final[Mapping[Kind, tuple[str, str, str]]] = {
    Kind.METRIC: ("keras.metrics.MeanMetricWrapper", 'name="{name}", dtype=None', "name, dtype"),
    Kind.CALLBACK: ("keras.callbacks.LearningRateScheduler", "verbose=0", "verbose"),
}
"""What a class extends that takes the function itself, its constructor's arguments, and those handed on."""


@dataclass(frozen=True)
class Form:
    """What Keras takes: the class or function `name`. `text` defines it, or is empty where the function is it."""

    name: str
    text: str


def form_of(
    kind: Kind, definition: Definition, called: str, arguments: Mapping[str, Any], number: int = 1
) -> Form | None:
    """Return the form in which a function is an object of `kind`; None where Keras cannot call it so.

    `called` names a lambda. `arguments` are given to the function besides what Keras gives. `number` tells forms of
    equal names apart.
    """
    wanted = _CALLED_WITH.get(kind, ())
    signature = ast.unparse(definition.args)
    if wanted and not accepts(signature, [*wanted, *(f"{name}=" for name in arguments)]):
        return None
    given = ", ".join(f"{name}{name.removesuffix('=')}" if name.endswith("=") else name for name in wanted)
    own = definition.name if isinstance(definition, ast.FunctionDef) else called
    if kind.is_function:
        name = f"{own}_{number}" if number > 1 else own
        if isinstance(definition, ast.Lambda):
            return Form(name, f"def {name}({signature}):\n    return {ast.unparse(definition.body)}")
        if number == 1:
            return Form(name, "")
        return Form(name, f"def {name}({given}):\n    return {own}({given})") if wanted else None
    name = _class_name(own, kind) + (str(number) if number > 1 else "")
    if kind in _HANDED_ON:
        base, constructor, handed_on = _HANDED_ON[kind]
        function = own if isinstance(definition, ast.FunctionDef) else ast.unparse(definition)
        return Form(
            name,
            f"class {name}({base}):\n"
            f"    def __init__(self, {constructor.format(name=own)}):\n"
            f"        super().__init__({function}, {handed_on})",
        )
    base, method = _METHODS[kind]
    if isinstance(definition, ast.Lambda) and not arguments:
        taken, result = signature, ast.unparse(definition.body)
    else:
        function = own if isinstance(definition, ast.FunctionDef) else f"({ast.unparse(definition)})"
        more = "".join(f", {key}={value!r}" for key, value in arguments.items())
        taken = ", ".join(f"{name}None" if name.endswith("=") else name for name in wanted)
        result = f"{function}({given}{more})"
    if kind is Kind.LAYER and _takes_several(definition):
        first, *rest = taken.split(",", 1)
        taken = ",".join([f"{first}: list", *rest])
    return Form(name, f"class {name}({base}):\n    def {method}(self, {taken}):\n        return {result}")


def with_defaults(definition: Definition, constants: Mapping[str, Any]) -> Definition:
    """Return a function that has `constants` as keyword arguments with these defaults."""
    found = deepcopy(definition)
    for name, value in constants.items():
        found.args.kwonlyargs.append(ast.arg(name))
        found.args.kw_defaults.append(ast.parse(repr(value), mode="eval").body)
    return found


def _class_name(function: str, kind: Kind) -> str:
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"_+", function))
    suffix = kind.singular.title()
    return words if words.endswith(suffix) else f"{words}{suffix}"


def _takes_several(definition: Definition) -> bool:
    """Return whether a function takes its first argument apart: `a, b = inputs`, `inputs[0]`."""
    arguments = [*definition.args.posonlyargs, *definition.args.args]
    first = arguments[0].arg if arguments else ""
    for node in ast.walk(definition):
        match node:
            case ast.Assign(targets=[ast.Tuple() | ast.List()], value=ast.Name(id=name)) if name == first:
                return True
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int())) if name == first:
                return True
    return False
