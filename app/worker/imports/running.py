"""The models of a script, had by running it. Call this in the sandbox only, where `may_run_code` says so."""

import json
import runpy
from pathlib import Path
from typing import Any, Final

from app.worker.imports.errors import NotPython

MAX_MODELS: Final = 20


def import_by_running(path: Path) -> list[dict[str, Any]]:
    """Run the script at `path` and return the architectures of its Keras models, by name of the variable, as data.

    This executes what somebody wrote: only a sandboxed process may call it. Each architecture is what `to_json` says,
    with `variable`; a model that is part of another one is left out. `app.worker.imports.model.import_config` turns one
    into a design. Raises `NotPython` for a script that fails, or that leaves no Keras model behind.
    """
    import keras

    try:
        names = runpy.run_path(str(path), run_name="__main__")
    except BaseException as error:  # the script may raise anything, SystemExit included
        raise NotPython(
            "The script ended with an error.",
            expected="a script that runs and leaves a keras.Model in a variable",
            received=f"{type(error).__name__}: {error}"[:500],
        ) from error
    found = {name: value for name, value in names.items() if isinstance(value, keras.Model)}
    inside = {id(layer) for model in found.values() for layer in model._flatten_layers(include_self=False)}
    unique = {id(model): (name, model) for name, model in found.items() if id(model) not in inside}
    described = [each for name, model in list(unique.values())[:MAX_MODELS] if (each := _described(name, model))]
    if not described:
        raise NotPython(
            "The script leaves no model whose layers are known.",
            expected="a Sequential or functional keras.Model in a variable of the script",
            received=", ".join(found)[:200] or "none",
            hint="Assign the model to a name at the end of the script; subclassed models have no architecture.",
        )
    return described


def _described(name: str, model: Any) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(model.to_json())
    except (NotImplementedError, TypeError, ValueError):
        return None
    return {**data, "variable": name} if isinstance(data.get("config"), dict) and "layers" in data["config"] else None
