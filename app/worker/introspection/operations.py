"""Derives the operations of the catalog from `keras.ops`.

Every function of `keras.ops` that a functional model can record reads `Mean(axis=axis).symbolic_call(x)`: the arguments
of the class construct it, those of the call are tensors. That line is all that is read here.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from app.catalog.docstring import Docstring, parse_docstring, plain_text
from app.catalog.model import Kind, ObjectSpec, OperationClass, ParamKind, ParamSpec, PortSpec
from app.worker.introspection.overlay import Overlay, OverlayError, with_nulls
from app.worker.introspection.parameters import USUAL_SAMPLES, derive_param

_SPACES = {"ops.": keras.ops, "ops.image.": keras.ops.image}

_WITHOUT_CONSTANTS = frozenset({"nn", "linalg", "image"})
"""Where the tensors are pictures, kernels and matrices, which nobody types."""


@dataclass(frozen=True)
class _Recorded:
    """What a function does with its parameters when it meets a tensor without values."""

    target: Any
    call: tuple[str, ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(argument.strip("*=") for argument in self.call)


def derive_operations(overlay: Overlay) -> Iterator[tuple[str, ObjectSpec]]:
    """Yield every function that can be drawn, by its name in a design (`ops.mean`)."""
    aliases = dict(_aliases())
    for space, name, names, function in _functions():
        recorded = _recorded(function)
        if overlay.excluded(Kind.OPERATION, space + name) or name in aliases:
            continue
        if recorded is None:
            raise OverlayError(f"{space}{name} records no single operation. Exclude it in overlay.toml.")
        others = {*names, *(alias for alias, meant in aliases.items() if meant == name)} - {name}
        shown = overlay.operation(space + name).get("name", name)
        spec = _operation(space + shown, f"keras.{space}{name}", function, recorded, overlay)
        known = sorted({f"{space}{other}" for other in {*others, name}} - {spec.name})
        yield spec.name, spec.model_copy(update={"identifiers": tuple(known)})


def _functions() -> Iterator[tuple[str, str, list[str], Any]]:
    for space, module in _SPACES.items():
        found: dict[int, tuple[Any, list[str]]] = {}
        for name in sorted(dir(module)):
            target = getattr(module, name)
            if inspect.isfunction(target) and not name.startswith("_"):
                found.setdefault(id(target), (target, []))[1].append(name)
        for function, names in found.values():
            yield space, function.__name__ if function.__name__ in names else names[0], names, function


def _aliases() -> Iterator[tuple[str, str]]:
    """Yield the functions that only call another: `abs` of `absolute`."""
    for _, name, _, function in _functions():
        match _body(function):
            case [ast.Return(value=ast.Call(func=ast.Name(id=meant)))] if hasattr(keras.ops, meant):
                yield name, meant


def _body(function: Any) -> list[ast.stmt]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    body = definition.body if isinstance(definition, ast.FunctionDef) else []
    return body[1:] if ast.get_docstring(definition) else body  # type: ignore[arg-type]


def _recorded(function: Any) -> _Recorded | None:
    for node in (node for statement in _body(function) for node in ast.walk(statement)):
        if not isinstance(node, ast.Call):
            continue
        made = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
            continue
        target = getattr(inspect.getmodule(function), made.func.id, None)
        if inspect.isclass(target) and issubclass(target, keras.Operation):
            return _Recorded(target, tuple(_arguments(node)))
    return None


def _arguments(node: ast.Call) -> Iterator[str]:
    for argument in node.args:
        yield ast.unparse(argument)
    for keyword in node.keywords:
        yield f"{keyword.arg}=" if keyword.arg else f"**{ast.unparse(keyword.value)}"


def _operation(name: str, qualified_name: str, function: Any, recorded: _Recorded, overlay: Overlay) -> ObjectSpec:
    doc, human = parse_docstring(function.__doc__), overlay.operation(name)
    ports = _ports(name, function, recorded, human, doc, overlay)
    wired = {port.argument for port in ports}
    constants = _constants(recorded, ports, human)
    parameters = inspect.signature(function).parameters
    taken = [p for p in parameters.values() if p.name not in wired and not _swallows(p, recorded)]
    params = tuple(
        derive_param(name, parameter, doc.arguments.get(parameter.name, ""), overlay)
        for parameter in taken
        if not overlay.hidden(name, parameter.name)
    )
    words = overlay.section("words", Kind.OPERATION.value, name)
    category = recorded.target.__module__.rpartition(".")[2]
    outputs = with_nulls(overlay.section("ports", name)).get("outputs") or [{"name": "output"}]
    sample = _sample(name, params, overlay)
    return ObjectSpec(
        name=name,
        kind=Kind.OPERATION,
        qualified_name=qualified_name,
        category=category,
        summary=words.get("summary", doc.summary),
        help=doc.body,
        aliases=tuple(words.get("aliases", ())),
        purposes=tuple(words.get("purposes", ())),
        params=(*(_constant(argument, doc) for argument in constants), *params),
        inputs=tuple(
            port.model_copy(update={"optional": port.optional or port.argument in constants}) for port in ports
        ),
        outputs=tuple(map(PortSpec.model_validate, outputs)),
        sample=sample,
        sample_inputs=_sample_inputs(name, [port for port in ports if port.argument not in sample], overlay),
        operation=OperationClass(
            module=recorded.target.__module__,
            class_name=recorded.target.__name__,
            call=tuple(argument for argument in recorded.call if not overlay.hidden(name, argument.strip("*="))),
            needed=tuple(dict.fromkeys(port.argument for port in ports if not port.optional)),
        ),
    )


def _swallows(parameter: inspect.Parameter, recorded: _Recorded) -> bool:
    """Whether this is a `**kwargs` that only old names of arguments go through."""
    return parameter.kind is parameter.VAR_KEYWORD and f"**{parameter.name}" not in recorded.call


def _ports(
    name: str, function: Any, recorded: _Recorded, human: dict[str, Any], doc: Docstring, overlay: Overlay
) -> tuple[PortSpec, ...]:
    told = with_nulls(overlay.section("ports", name)).get("inputs")
    if told:
        return tuple(map(PortSpec.model_validate, told))
    parameters = inspect.signature(function).parameters
    lists = {"xs", *human.get("lists", ())}
    return tuple(
        PortSpec(
            name=argument.rstrip("_"),
            argument=argument,
            variadic=argument in lists or f"*{argument}" in recorded.call,
            optional=parameters[argument].default is None,
            help=plain_text(doc.arguments.get(argument, "")),
        )
        for argument in recorded.arguments
        if argument in parameters and f"**{argument}" not in recorded.call and argument not in human.get("values", ())
    )


def _constants(recorded: _Recorded, ports: tuple[PortSpec, ...], human: dict[str, Any]) -> tuple[str, ...]:
    """Return the tensor arguments that may also be a number: all of a function that combines several."""
    single = [port for port in ports if not port.variadic]
    if recorded.target.__module__.rpartition(".")[2] in _WITHOUT_CONSTANTS or len(single) != len(ports):
        return tuple(human.get("constants", ()))
    return tuple(port.argument for port in single) if len(single) > 1 else ()


def _constant(argument: str, doc: Docstring) -> ParamSpec:
    return ParamSpec(
        name=argument,
        kind=ParamKind.NUMBERS,
        nullable=True,
        help=plain_text(doc.arguments.get(argument, "")) or "Used where no wire ends at this input.",
    )


def _sample(name: str, params: tuple[ParamSpec, ...], overlay: Overlay) -> dict[str, Any]:
    human: dict[str, Any] = with_nulls(overlay.section("samples", Kind.OPERATION.value, name))
    missing = [p.name for p in params if p.required and p.name not in {*human, *USUAL_SAMPLES}]
    if missing:
        raise OverlayError(f"No sample value for {name}: {missing}. Add it to overlay.toml.")
    return {p.name: USUAL_SAMPLES[p.name] for p in params if p.required and p.name not in human} | human


def _sample_inputs(name: str, ports: list[PortSpec], overlay: Overlay) -> dict[str, Any]:
    human: dict[str, Any] = overlay.section("sample_inputs", name)
    shapes: dict[str, Any] = {}
    usual = human.get("all", [8, 8, 3] if name.startswith("ops.image.") else [4])
    for port in ports:
        if not port.optional or port.name in human:
            keys = [f"{port.name}.0", f"{port.name}.1"] if port.variadic else [port.name]
            shapes |= {key: human.get(key, human.get(port.name, usual)) for key in keys}
    return shapes
