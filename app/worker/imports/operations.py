"""Operations of `keras.ops` in a functional model: what was given as a tensor becomes a wire, the rest a parameter."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from app.catalog.indexing import key_text
from app.catalog.model import Catalog, ObjectSpec, ParamKind
from app.document.model import Layer
from app.worker.imports.params import ParamReader, plain
from app.worker.imports.tensors import History, arguments_of, calls_of, is_tensor, tensors
from app.worker.imports.translated import Translated


class _Beyond(Exception):
    """A call that a node cannot stand for; the text says why."""


def find_operation(catalog: Catalog, entry: Mapping[str, Any]) -> ObjectSpec | None:
    """Return the operation that an entry means. Older files tell it by its configuration only: a layer has more."""
    module, config = entry.get("module"), entry["config"]
    if module is None and ("trainable" in config or ("dtype" in config and "name" in config and len(config) > 2)):
        return None
    if module is not None and not str(module).startswith("keras.src.ops"):
        return None
    return catalog.operation_of(entry["class_name"])


def operation(reader: ParamReader, entry: Mapping[str, Any], spec: ObjectSpec, name: str) -> Translated | str:
    """Return the operation as a layer of a design, or why it cannot be drawn."""
    notes: list[str] = []
    params = reader.params(spec, entry["config"], notes)
    bound: list[list[tuple[str, History]]] = []
    try:
        for call in calls_of(entry):
            wires, constants = _bind(spec, call)
            if bound and any(params.get(key) != value for key, value in constants.items()):
                return "it is called with different constants"
            params |= constants
            bound.append(wires)
    except _Beyond as error:
        return str(error)
    return Translated("", name, Layer(class_name=spec.name, name=name, params=params), spec, notes, bound)


def _bind(spec: ObjectSpec, call: Any) -> tuple[list[tuple[str, History]], dict[str, JsonValue]]:
    """Return the wires of a call by port, and its constants by parameter."""
    args, kwargs = arguments_of(call)
    wires: list[tuple[str, History]] = []
    constants: dict[str, JsonValue] = {}
    known = {param.name: param for param in spec.params}
    ports = {port.argument: port for port in spec.inputs}
    for argument, value in _arguments(spec, args, kwargs).items():
        found = list(tensors(value))
        if found:
            port = ports.get(argument)
            if port is None or (not is_tensor(value) and not port.variadic):
                raise _Beyond(f"{argument} takes several tensors")
            if port.variadic and (not isinstance(value, list) or not all(map(is_tensor, value))):
                raise _Beyond(f"{argument} mixes tensors and constants")
            keys = [f"{port.name}.{index}" for index in range(len(found))] if port.variadic else [port.name]
            wires += zip(keys, found, strict=True)
        elif value is not None and argument in known:
            constant = _key(value) if argument == "key" else plain(value)
            if known[argument].kind is ParamKind.NUMBERS and _is_array(constant):
                raise _Beyond(f"{argument} is an array")
            if constant != known[argument].default:
                constants[argument] = constant
        elif value is not None:
            raise _Beyond(f"{argument} is a constant")
    return wires, constants


def _arguments(spec: ObjectSpec, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    rest, named = list(args), dict(kwargs)
    found: dict[str, Any] = {}
    for argument in spec.operation.call if spec.operation is not None else ():
        if argument.startswith("**"):
            found |= named
            named = {}
        elif argument.startswith("*"):
            found[argument[1:]], rest = rest, []
        elif (plain_name := argument.rstrip("=")) in named:
            found[plain_name] = named.pop(plain_name)
        elif rest:
            found[plain_name] = rest.pop(0)
    if rest or any(value is not None for value in named.values()):
        raise _Beyond("it is called with more arguments than are known")
    return found


def _is_array(value: JsonValue) -> bool:
    """Return whether a constant is more than a row of numbers, which is all that a form can hold."""
    return isinstance(value, list) and not all(isinstance(item, int | float) for item in value)


def _key(value: Any) -> str:
    try:
        return key_text(_item(value))
    except ValueError as error:
        raise _Beyond(str(error)) from error


def _item(value: Any) -> Any:
    """Return an index as Python has it, from how Keras writes it."""
    match value:
        case {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}:
            return slice(start, stop, step)
        case {"class_name": "__ellipsis__"}:
            return ...
        case {"class_name": "__tuple__", "config": {"value": list(items)}}:
            return tuple(map(_item, items))
        case list():
            return tuple(map(_item, value))
        case None | int():
            return value
        case _:
            raise ValueError("An index of a design is made of integers, slices, ... and None.")
