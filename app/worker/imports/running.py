"""The model of a script, had by running it. Only a sandboxed process calls this: it executes what somebody wrote."""

import json
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import keras

from app.catalog.model import Catalog
from app.messages.analysis import ImportedModel
from app.worker.imports.drawn import import_config
from app.worker.imports.errors import NotPython
from app.worker.imports.python.script import script_text

NAMED: Final = 10
"""Of so many models that are not taken the names are told."""


def run_script(path: Path, filename: str, catalog: Catalog) -> ImportedModel:
    """Execute the script or notebook at `path` and return the design of the model that it leaves in a variable.

    Of several models, not counting those that are part of another one, it is the last one that is compiled, else the
    last one; `notes` names the others. Raises `NotPython` for a script that fails, with the line, or leaves no model.
    """
    models = _models(_executed(path, script_text(path, filename)))
    described = {name: data for name, model in models.items() if (data := _described(model)) is not None}
    if not described:
        raise NotPython(
            "The script leaves no model whose layers are known.",
            expected="a Sequential or functional keras.Model in a variable of the script",
            received=", ".join(models)[:200] or "none",
            hint="Give the model a name at the end of the script; a subclassed model does not say how it is built.",
        )
    compiled = [name for name, data in described.items() if data.get("compile_config")]
    chosen = (compiled or list(described))[-1]
    found = import_config(described[chosen], filename, catalog)
    notes = ["The script was run in the sandbox; comments and what is not part of the model are left behind."]
    others = [name for name in models if name != chosen]
    if others:
        left = ", ".join(others[:NAMED]) + (" and more" if len(others) > NAMED else "")
        notes.append(f"Of {len(models)} models this is {chosen}; not taken: {left}.")
    return found.model_copy(update={"notes": [*notes, *found.notes]})


def _executed(path: Path, text: str) -> dict[str, Any]:
    """Return the variables of the script after it has run, as the main module."""
    module = ModuleType("__main__")
    module.__file__ = str(path)
    replaced, sys.modules["__main__"] = sys.modules["__main__"], module
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102, this is the sandbox
        return module.__dict__
    except BaseException as error:  # the script may raise anything, SystemExit included
        line = _line(error, str(path))
        raise NotPython(
            f"Line {line}: the script ended with an error." if line else "The script ended with an error.",
            expected="a script that runs to its end and leaves a keras.Model in a variable",
            received=(f"line {line}: " if line else "") + f"{type(error).__name__}: {error}"[:500],
            hint="The sandbox has no network and no file but the script: cut what loads data, trains and saves.",
            line=line,
        ) from error
    finally:
        sys.modules["__main__"] = replaced


def _line(error: BaseException, file: str) -> int:
    """Return the innermost line of the script that `error` comes from; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return lines[-1] if lines else 0


def _models(names: dict[str, Any]) -> dict[str, keras.Model]:
    """Return the models in variables, each under its first name, without those that are part of another one."""
    found = {name: value for name, value in names.items() if isinstance(value, keras.Model)}
    inside = {id(layer) for model in found.values() for layer in model._flatten_layers(include_self=False)}
    unique: dict[int, str] = {}
    for name, model in found.items():
        unique.setdefault(id(model), name)
    return {name: found[name] for key, name in unique.items() if key not in inside}


def _described(model: keras.Model) -> dict[str, Any] | None:
    """Return what `to_json` says of the model; None where its layers are not in there."""
    try:
        data: dict[str, Any] = json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError):
        return None
    return data if isinstance(data.get("config"), dict) and "layers" in data["config"] else None
