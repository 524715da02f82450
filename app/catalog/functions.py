"""Functions of a design's own code: whether they take what they are called with."""

import ast
from collections.abc import Iterable
from inspect import Parameter, Signature


def accepts(signature: str, called_with: Iterable[str]) -> bool:
    """Return whether a function with the arguments `signature` (`epoch, logs=None`) can be called with these.

    An argument of the call that ends in `=` is given by name, the others are given by position.
    """
    arguments = list(called_with)
    by_name = {name.removesuffix("="): None for name in arguments if name.endswith("=")}
    try:
        _parsed(signature).bind(*([None] * (len(arguments) - len(by_name))), **by_name)
    except (TypeError, ValueError):
        return False
    return True


def _parsed(signature: str) -> Signature:
    definition = ast.parse(f"def function({signature}): ...").body[0]
    assert isinstance(definition, ast.FunctionDef)
    arguments = definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    found = []
    for index, argument in enumerate(positional):
        only = index < len(arguments.posonlyargs)
        kind = Parameter.POSITIONAL_ONLY if only else Parameter.POSITIONAL_OR_KEYWORD
        found.append(Parameter(argument.arg, kind, default=Parameter.empty if index < required else None))
    if arguments.vararg is not None:
        found.append(Parameter(arguments.vararg.arg, Parameter.VAR_POSITIONAL))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        value = Parameter.empty if default is None else None
        found.append(Parameter(argument.arg, Parameter.KEYWORD_ONLY, default=value))
    if arguments.kwarg is not None:
        found.append(Parameter(arguments.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(found)
