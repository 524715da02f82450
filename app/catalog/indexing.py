"""The text of an index (`:, 0`, `..., None`, `1:3`) as the key of `x[key]`, and back; read by `ast`, never run."""

import ast
from types import EllipsisType
from typing import Final

Item = int | slice | EllipsisType | None
Key = int | tuple[Item, ...]

MAX_KEY: Final = 200
"""Characters of the longest text that is read."""


def parse_key(text: str) -> Key:
    """Return the key that `text` stands for: a number alone as itself, everything else as a tuple.

    Raises `ValueError`, in words for the person who wrote it, for anything but integers, slices of them, `...` and
    `None`, separated by commas.
    """
    if not 0 < len(text.strip()) <= MAX_KEY:
        raise ValueError(f"An index has 1 to {MAX_KEY} characters.")
    try:
        tree = ast.parse(f"x[{text.strip()}]", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is no index such as ':, 0'.") from error
    if not isinstance(tree, ast.Subscript) or not isinstance(tree.value, ast.Name):
        raise ValueError(f"{text!r} is no index such as ':, 0'.")
    if isinstance(tree.slice, ast.Tuple):
        return tuple(_item(part) for part in tree.slice.elts)
    item = _item(tree.slice)
    return item if isinstance(item, int) else (item,)


def key_text(key: object) -> str:
    """Return the text that `parse_key` reads as `key`; raise `ValueError` where a part of it is a tensor or a mask."""
    if isinstance(key, list | tuple):
        parts = [_text(part) for part in key]
        return f"{parts[0]}," if len(parts) == 1 and isinstance(key[0], int) else ", ".join(parts)
    return _text(key)


def _item(node: ast.expr) -> Item:
    if isinstance(node, ast.Slice):
        return slice(*(None if part is None else _number(part) for part in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Constant) and (node.value is None or node.value is ...):
        return node.value
    return _number(node)


def _number(node: ast.expr) -> int:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    value = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(value, ast.Constant) or type(value.value) is not int:
        raise ValueError(f"An index is made of integers, slices, ... and None; found {ast.unparse(node)[:50]!r}.")
    return -value.value if negative else value.value


def _text(part: object) -> str:
    match part:
        case slice(start=start, stop=stop, step=step):
            ends = [_text(end) if end is not None else "" for end in (start, stop)]
            return ":".join([*ends, *([] if step is None else [_text(step)])])
        case EllipsisType():
            return "..."
        case bool():
            pass
        case int() | None:
            return str(part)
    raise ValueError("An index of a design is made of integers, slices, ... and None.")
