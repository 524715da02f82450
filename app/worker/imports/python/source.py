"""A Python script read as a design, by its syntax tree alone: nothing in it is executed (docs/import-python.md)."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.catalog.model import Catalog
from app.document.model import GraphDocument
from app.messages.analysis import ImportedModel
from app.worker.imports.drawn import import_config
from app.worker.imports.errors import NotPython
from app.worker.imports.python.config import model_config
from app.worker.imports.python.fit import training_of
from app.worker.imports.python.meaning import KerasMeaning
from app.worker.imports.python.own_code import OwnCode
from app.worker.imports.python.reach import reached
from app.worker.imports.python.reader import Reader
from app.worker.imports.python.script import script_text
from app.worker.imports.python.values import EXPECTED, ModelValue

MAX_DEPTH: Final = 200
_BUILDERS: Final = ("build_model", "create_model", "make_model", "get_model", "build", "model")


def read_script(path: Path, filename: str, catalog: Catalog) -> ImportedModel:
    """Return the design of the script or notebook at `path`; raise `NotPython` or `TooLarge`.

    Classes that the script defines and functions that it hands to Keras become code of the design, as text: nothing
    is executed.
    """
    source = script_text(path, filename)
    tree = _parsed(source)
    own = OwnCode(tree, source, catalog)
    found = _read(tree, source, catalog, filename, own)
    used = own.used(found.document)
    names = ", ".join(piece.name for piece in used.values())
    notes = [f"From the script this design has own code, taken over as text and not run yet: {names}."] if used else []
    return found.model_copy(
        update={"document": found.document.model_copy(update={"code": used}), "notes": [*notes, *found.notes]}
    )


def read_python(source: str, catalog: Catalog, filename: str = "model.py") -> ImportedModel:
    """Return the design that `source` makes, with the line of every layer and node.

    `catalog` is that of the design whose own code the script may name. The model is the one that is compiled or fitted
    last, else the last one that stands in no other. Raises `NotPython` with the line for what is beyond the subset.
    """
    return _read(_parsed(source), source, catalog, filename)


def _read(tree: ast.Module, source: str, catalog: Catalog, filename: str, own: OwnCode | None = None) -> ImportedModel:
    meanings: list[KerasMeaning] = []

    def meaning(reader: Reader) -> KerasMeaning:
        meanings.append(KerasMeaning(reader, catalog, own))
        return meanings[0]

    reader = Reader(source, meaning)
    try:
        reader.follow(tree)
        keras = meanings[0]
        if not keras.models:
            _call_builder(reader)
        model = _chosen(keras.models, reader)
        config = model_config(model, keras, reader)
        found = import_config(config, filename, keras.catalog)
    except RecursionError as error:
        raise NotPython(
            "This script is nested too deeply.", expected=EXPECTED, received="more levels than can be followed"
        ) from error
    training, notes = training_of(model, keras, found.document, config)
    document = _with_notes(found, training, source)
    return found.model_copy(update={"document": document, "notes": [*found.notes, *keras.notes, *notes]})


def _parsed(source: str) -> ast.Module:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        lines = source.splitlines()
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        raise NotPython(
            f"Line {line}: this is no Python." if line else "This is no Python.",
            expected="Python 3",
            received=f"line {line}: {text}"[:300] if line else str(error)[:200],
            hint=str(getattr(error, "msg", ""))[:200],
            line=line,
        ) from error
    if _is_deep(tree):
        raise NotPython(
            "This script is nested too deeply.", expected=f"at most {MAX_DEPTH} levels", received="more levels"
        )
    return tree


def _is_deep(tree: ast.AST) -> bool:
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def _call_builder(reader: Reader) -> None:
    """Call the function that seems to build the model, where the script defines one and never calls it."""
    names = [name for name in (*_BUILDERS, *reversed(reader.functions)) if name in reader.functions]
    for name in dict.fromkeys(names):
        wanted = reader.functions[name].args
        if len(wanted.args) == len(wanted.defaults) and all(wanted.kw_defaults):
            reader.call_function(name)
            return


def _chosen(models: list[ModelValue], reader: Reader) -> ModelValue:
    used = [model for model in models if model.compiled is not None or model.fitted is not None]
    if used:
        return used[-1]
    if not models:
        raise NotPython(
            "This script makes no model.",
            expected="keras.Sequential or keras.Model",
            received=f"{len(reader.lines)} lines without one that can be followed",
            hint="A subclassed model is code; write it with the functional API.",
        )
    inside = {id(layer) for model in models for layer in (model.layers if model.is_sequential else reached(model))}
    alone = [model for model in models if id(model) not in inside]
    return (alone or models)[-1]


def _with_notes(found: ImportedModel, training: Any, source: str) -> GraphDocument:
    comments = dict(_comments(source))
    nodes = {
        key: node.model_copy(update={"note": note})
        for key, node in found.document.nodes.items()
        if (note := comments.get(found.lines.get(key, 0), ""))
    }
    return found.document.model_copy(update={"nodes": {**found.document.nodes, **nodes}, "training": training})


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of code above which a comment stands alone, with its text."""
    held: list[str] = []
    fresh = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and fresh:
                held.append(token.string[1:].removeprefix(" "))
            elif token.type == tokenize.NL:
                if fresh and not token.line.strip():
                    held = []
                fresh = True
            elif token.type in (tokenize.INDENT, tokenize.DEDENT):
                continue
            elif token.type == tokenize.NEWLINE:
                held, fresh = [], True
            else:
                if fresh and held:
                    yield token.start[0], "\n".join(held)[:10_000]
                held, fresh = [], False
    except (tokenize.TokenError, SyntaxError):
        return
