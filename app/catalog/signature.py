"""Parameters and ports of a class that somebody wrote, from the signatures in its source."""

import ast
import re
from typing import Any, Final

from pydantic import JsonValue

from app.catalog.docstring import Docstring, parse_docstring, plain_text
from app.catalog.infer import REQUIRED, infer
from app.catalog.model import Kind, ObjectSpec, ParamKind, ParamSpec, PortSpec
from app.catalog.registry import find_spec, get_spec

_NO_PORTS: Final = frozenset({"training", "mask"})
_ANNOTATIONS: Final[dict[str, ParamKind]] = {
    "int": ParamKind.INTEGER,
    "float": ParamKind.NUMBER,
    "bool": ParamKind.BOOLEAN,
    "str": ParamKind.TEXT,
    "dict": ParamKind.JSON,
    "list[str]": ParamKind.STRINGS,
    "tuple[str, ...]": ParamKind.STRINGS,
    "list[int]": ParamKind.NUMBERS,
    "list[float]": ParamKind.NUMBERS,
    "tuple[float, ...]": ParamKind.NUMBERS,
    "tuple[int, ...]": ParamKind.SHAPE,
    "tuple[int, int]": ParamKind.SIZE,
}
_PORT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def own_params(
    kind: Kind, family: list[ast.ClassDef], inherited: ObjectSpec | None, doc: Docstring
) -> tuple[tuple[ParamSpec, ...], list[ast.arg]]:
    """Return the parameters of the constructor, and those arguments that no form can set (`*args`).

    `family` is the class and its ancestors in the source; without a constructor there, that of the Keras class counts.
    """
    init = _method(family, "__init__")
    if init is None:
        return (inherited.params if inherited else _usual(kind)), []
    arguments = doc.arguments | parse_docstring(ast.get_docstring(init)).arguments
    star = [each for each in (init.args.vararg, *init.args.posonlyargs[1:]) if each is not None]
    defaults = _defaults(init.args)
    own = [
        _param(kind, family[0].name, argument, defaults.get(argument.arg), arguments.get(argument.arg, ""))
        for argument in [*init.args.args[0 if init.args.posonlyargs else 1 :], *init.args.kwonlyargs]
        if not (kind is Kind.LAYER and argument.arg == "name")
    ]
    names = {param.name for param in own}
    usual = _usual(kind) if init.args.kwarg is not None else ()
    return (*own, *(param for param in usual if param.name not in names)), star


def _usual(kind: Kind) -> tuple[ParamSpec, ...]:
    """Return what every layer takes through `**kwargs`."""
    if kind is not Kind.LAYER:
        return ()
    return tuple(param for param in get_spec(Kind.LAYER, "Identity").params if param.name in {"trainable", "dtype"})


def _param(kind: Kind, owner: str, argument: ast.arg, default: ast.expr | None, documented: str) -> ParamSpec:
    known, value = _literal(default)
    fields: dict[str, Any] = {"name": argument.arg, "required": default is None, "help": plain_text(documented)}
    if default is not None:
        fields |= {"default": value, "nullable": value is None}
    annotated = _annotation(argument.annotation)
    inferred = None if annotated else infer(owner, argument.arg, value if known and default else REQUIRED, documented)
    if annotated:
        fields |= annotated
    elif inferred is not None:
        fields |= {"kind": inferred.kind, "choices": inferred.choices, "object_kind": inferred.object_kind}
    else:
        fields["kind"] = ParamKind.JSON
    if isinstance(value, str) and fields.get("object_kind") is not None:
        spec = find_spec(fields["object_kind"], value)
        fields["default"] = spec.name if spec else None
        fields["nullable"] = spec is None
    return ParamSpec.model_validate(fields)


def _annotation(node: ast.expr | None) -> dict[str, Any]:
    if node is None:
        return {}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not _is_none(side)]
        return {**_annotation(sides[0]), "nullable": True} if len(sides) == 1 and _annotation(sides[0]) else {}
    text = ast.unparse(node).removeprefix("typing.")
    if isinstance(node, ast.Subscript) and text.startswith("Optional["):
        return {**inner, "nullable": True} if (inner := _annotation(node.slice)) else {}
    if isinstance(node, ast.Subscript) and text.startswith("Literal["):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        choices = tuple(item.value for item in items if isinstance(item, ast.Constant))
        if choices and all(isinstance(choice, str) for choice in choices):
            return {"kind": ParamKind.CHOICE, "choices": choices}
        return {}
    kind = _ANNOTATIONS.get(text) or (ParamKind.JSON if text.startswith("dict[") else None)
    return {"kind": kind} if kind else {}


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _defaults(arguments: ast.arguments) -> dict[str, ast.expr]:
    positional = [*arguments.posonlyargs, *arguments.args]
    found = {
        argument.arg: default
        for argument, default in zip(
            positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
        )
    }
    return found | {
        argument.arg: default
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }


def _literal(node: ast.expr | None) -> tuple[bool, JsonValue]:
    """Return whether `node` is a value that JSON holds, and that value."""
    if node is None:
        return False, None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False, None
    plain = _json(value)
    return (plain is not None or value is None), plain


def _json(value: object) -> JsonValue:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if value == value and abs(value) != float("inf"):
            return value
        case tuple() | list():
            items = [_json(item) for item in value]
            return items if all(new is not None or old is None for new, old in zip(items, value, strict=True)) else None
        case dict() if all(isinstance(key, str) for key in value):
            return {str(key): _json(item) for key, item in value.items()}
    return None


def call_ports(
    family: list[ast.ClassDef], inherited: ObjectSpec | None
) -> tuple[tuple[PortSpec, ...], tuple[PortSpec, ...]]:
    """Return the ports of a layer: the tensors that its `call` takes, and those that it returns."""
    call = _method(family, "call")
    if call is None:
        return (
            (inherited.inputs, inherited.outputs)
            if inherited
            else ((PortSpec(name="input"),), (PortSpec(name="output"),))
        )
    if is_cell(family):
        first, second = call.args.args[1].arg, call.args.args[2].arg
        inputs = (PortSpec(name="input", argument=first), PortSpec(name="states", argument=second, variadic=True))
        return inputs, (PortSpec(name="output"), PortSpec(name="states", variadic=True))
    return _inputs(call), _outputs(call)


def is_cell(family: list[ast.ClassDef]) -> bool:
    """Whether the class is a recurrent cell: it has a `state_size`, and its `call` takes states."""
    call = _method(family, "call")
    if call is None or len(call.args.args) < 3 or not call.args.args[2].arg.startswith("state"):
        return False
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == "state_size")
        or (isinstance(node, ast.Attribute) and node.attr == "state_size" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Name) and node.id == "state_size" and isinstance(node.ctx, ast.Store))
        for each in family
        for node in ast.walk(each)
    )


def _inputs(call: ast.FunctionDef) -> tuple[PortSpec, ...]:
    arguments, defaults = [*call.args.posonlyargs, *call.args.args][1:], _defaults(call.args)
    tensors = [
        argument.arg
        for argument in arguments
        if argument.arg not in _NO_PORTS and (argument.arg not in defaults or _is_none(defaults[argument.arg]))
    ]
    if not tensors:
        return ()
    first = tensors[0]
    if len(tensors) == 1:
        unpacked = _unpacked(call, first)
        if unpacked:
            return tuple(PortSpec(name=name, argument=first) for name in unpacked)
        annotation = next(
            (ast.unparse(each.annotation) for each in arguments if each.arg == first and each.annotation), ""
        )
        if re.match(r"(typing\.)?(list|tuple|Sequence|List|Tuple)\b", annotation):
            return (PortSpec(name="inputs", argument=first, variadic=True),)
        return (PortSpec(name="input", argument=first),)
    names = _names(tensors, "input")
    return tuple(
        PortSpec(name=name, argument=argument, optional=argument in defaults)
        for name, argument in zip(names, tensors, strict=True)
    )


def _unpacked(call: ast.FunctionDef, argument: str) -> list[str]:
    """Return the names in `a, b = inputs`: the layer takes a list of so many tensors."""
    for node in ast.walk(call):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts) | ast.List(elts=parts)], value=ast.Name(id=name)) if (
                name == argument and all(isinstance(part, ast.Name) for part in parts)
            ):
                return _names([part.id for part in parts if isinstance(part, ast.Name)], "input")
    return []


def _outputs(call: ast.FunctionDef) -> tuple[PortSpec, ...]:
    returned = [node.value for node in _own_statements(call) if isinstance(node, ast.Return) and node.value is not None]
    tuples = [value.elts for value in returned if isinstance(value, ast.Tuple)]
    if not tuples or len(tuples) != len(returned) or len({len(parts) for parts in tuples}) != 1 or len(tuples[0]) < 2:
        return (PortSpec(name="output"),)
    names = [part.id if isinstance(part, ast.Name) else "" for part in tuples[0]]
    return tuple(PortSpec(name=name) for name in _names(names, "output"))


def _own_statements(function: ast.FunctionDef) -> list[ast.AST]:
    """Return the nodes of `function` without those of functions defined in it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return found


def _names(names: list[str], word: str) -> list[str]:
    """Return `names` where they can name ports, each once, and numbered ones else."""
    fit = all(_PORT.fullmatch(name) for name in names) and len(set(names)) == len(names)
    return names if fit else [f"{word}_{number}" for number in range(1, len(names) + 1)]


def _method(family: list[ast.ClassDef], name: str) -> ast.FunctionDef | None:
    found = (part for each in family for part in each.body if isinstance(part, ast.FunctionDef) and part.name == name)
    return next(found, None)
