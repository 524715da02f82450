"""What names of libraries mean in a script: layers, models, calls, operations, data and settings."""

import ast
from typing import Any

from app.catalog.model import Catalog, Kind
from app.worker.imports.python.data import function as data_function
from app.worker.imports.python.data import loaded
from app.worker.imports.python.layers import as_text
from app.worker.imports.python.models import Models
from app.worker.imports.python.own_code import OwnCode
from app.worker.imports.python.reader import Reader
from app.worker.imports.python.values import Array, LayerValue, Made, Unknown, holds_symbolic
from app.worker.imports.python.words import KINDS, LAYERS, MERGES, MODELS, OPERATIONS, SETTINGS


class KerasMeaning(Models):
    """What a reader asks about names; `settings`, `seed` and `dataset` are what the script says for the training."""

    def __init__(self, reader: Reader, catalog: Catalog, own: OwnCode | None = None) -> None:
        super().__init__(reader, catalog, own)
        self.settings: dict[str, Any] = {}
        self.seed: int | None = None
        self.dataset: str | None = None

    def call(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        module, _, name = path.rpartition(".")
        if path in ("keras.Input", "keras.layers.Input", "keras.layers.InputLayer"):
            return self._input(name, args, kwargs, node)
        if (module in ("keras", "keras.models") and name in MODELS) or path == "keras.engine.training.Model":
            return self._model(name, args, kwargs, node)
        if module in LAYERS and name in MERGES and args:
            layer = self._layer(MERGES[name], args[1:], kwargs, node)
            return self.call_layer(layer, args[:1], {}, node)
        if module in LAYERS:
            return self._layer(name, args, kwargs, node)
        if module in OPERATIONS:
            return self._operation(f"{OPERATIONS[module]}{name}", args, kwargs, node)
        if module in KINDS:
            return self._object(KINDS[module], name, args, kwargs, node)
        return self._other(path, args, kwargs, node)

    def _other(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        module, _, name = path.rpartition(".")
        if path in SETTINGS and args:
            self.settings[SETTINGS[path]] = self._constant(args[0], node)
            return None
        if path in ("keras.utils.get_custom_objects", "keras.saving.get_custom_objects"):
            return self.custom_objects
        if path == "keras.utils.set_random_seed" and args and isinstance(args[0], int):
            self.seed = args[0]
            return None
        if path in ("keras.tree.flatten", "tensorflow.nest.flatten") and args:
            return args[0]
        if path in ("keras.tree.pack_sequence_as", "tensorflow.nest.pack_sequence_as") and len(args) > 1:
            return args[1]
        if (prepared := data_function(path, args, kwargs)) is not None:
            return prepared
        if module == "numpy" and name in ("array", "asarray") and args:
            return Array(args[0])
        if (data := loaded(path, node.lineno)) is not None:
            self.dataset = data[0][0].dataset
            return data
        if path.startswith("keras.applications."):
            return self._application(path, args, kwargs, node)
        if path.startswith("keras.") and name[:1].isupper() and module.count(".") > 0:
            return Made(Kind.LAYER, name, {**kwargs})
        if holds_symbolic([args, kwargs]):
            raise self._reader.fail(node, f"{path[:80]} does not belong to the operations that a design can hold.")
        return Unknown(ast.unparse(node)[:200], node.lineno)

    def own_class(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        """A class that the script defines: one of the design's own code where it has that name, else a placeholder."""
        for kind in Kind:
            spec = self.catalog.find(kind, name)
            if spec is not None and (spec.code or spec.own):
                if kind is Kind.LAYER:
                    return self._layer(name, args, kwargs, node)
                return self._object(kind, name, args, kwargs, node)
        config = {key: as_text(value) for key, value in kwargs.items()}
        return LayerValue(name, self._name(config.pop("name", None), name), config, node.lineno)

    def is_own_function(self, name: str) -> bool:
        """Return whether the design's own code has a function of this name."""
        found = (self.catalog.find(kind, name) for kind in Kind if kind.is_function)
        return any(spec is not None and spec.code for spec in found)
