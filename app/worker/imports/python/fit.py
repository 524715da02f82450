"""`compile` and `fit` of a script as the training of a design."""

import ast
from typing import Any, Final

from pydantic import ValidationError

from app.catalog.model import Catalog, Kind
from app.document.model import Callback, FitOptions, GraphDocument, KerasConfig, Training
from app.worker.imports.errors import NotPython
from app.worker.imports.graphs import End
from app.worker.imports.params import ParamReader
from app.worker.imports.python.meaning import KerasMeaning
from app.worker.imports.python.names import Function
from app.worker.imports.python.values import Array, LayerValue, Made, ModelValue, Path, Unknown
from app.worker.imports.training import read_training

_FIT: Final = ("epochs", "batch_size", "validation_split", "shuffle")
_HANDED: Final = {"loss": Kind.LOSS, "metrics": Kind.METRIC, "weighted_metrics": Kind.METRIC}
"""What functions are that `compile` is given."""

MAX_VALUES: Final = 10_000


def training_of(
    model: ModelValue, keras: KerasMeaning, document: GraphDocument, config: dict[str, Any]
) -> tuple[Training, list[str]]:
    """Return the training that the script asks for, and in words what could not be taken over.

    Functions that are losses or metrics become own code in `keras.catalog`. Raises `NotPython` for too many values.
    """
    notes: list[str] = []
    plain = _Plain(keras, notes)
    compiled = {key: plain.of(value, key) for key, value in (model.compiled or {}).items()}
    ends = _ends(document, config)
    training, told = read_training(compiled if model.compiled is not None else None, ends, keras.catalog)
    notes += told
    fields: dict[str, Any] = {}
    fit = model.fitted or {}
    options = {key: fit[key] for key in _FIT if isinstance(fit.get(key), int | float)}
    if model.fitted is not None and "validation_split" not in options and "validation_data" not in fit:
        options["validation_split"] = 0.0
    weights = fit.get("class_weight")
    if isinstance(weights, dict):
        options["class_weight"] = {str(key): value for key, value in weights.items()}
    elif isinstance(weights, Unknown):
        options["class_weight"] = "balanced"
    if keras.seed is not None:
        options["seed"] = keras.seed
    for name, make, given in (("fit", FitOptions, options), ("config", KerasConfig, keras.settings)):
        try:
            fields[name] = make(**given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            notes.append(f"{name}: {'.'.join(map(str, first['loc']))} was left out: {first['msg']}")
    if model.fitted is not None:
        fields["dataset"] = keras.dataset
    fields["callbacks"] = dict(_callbacks(fit.get("callbacks"), keras.catalog, plain))
    return training.model_copy(update=fields), notes


def _ends(document: GraphDocument, config: dict[str, Any]) -> list[End]:
    """Return the outputs of the design in order, with the keys that the script gives them."""
    keys = config["config"].get("output_layers")
    names = sorted(keys) if isinstance(keys, dict) else []
    nodes = [
        (document.layers[node.layer].params.get("position") or 0, key)
        for key, node in document.nodes.items()
        if node.graph == "" and document.layers[node.layer].class_name == "Output"
    ]
    found = []
    for index, (_, node) in enumerate(sorted(nodes, key=lambda item: (float(str(item[0])), item[1]))):
        source = next((key.partition(":")[0] for key in document.edges if key.endswith(f"->{node}:input")), "")
        feeding = document.layers[document.nodes[source].layer].name if source else ""
        found.append(End(node, feeding, names[index] if index < len(names) else ""))
    return found


def _callbacks(value: Any, catalog: Catalog, plain: "_Plain") -> list[tuple[str, Callback]]:
    found: list[tuple[str, Callback]] = []
    reader = ParamReader(catalog)
    for each in value if isinstance(value, list | tuple) else []:
        spec = catalog.find(Kind.CALLBACK, each.class_name) if isinstance(each, Made) else None
        if spec is None:
            name = each.class_name if isinstance(each, Made | LayerValue) else getattr(each, "text", "one")
            plain.notes.append(f"The callback {str(name)[:80]} was left out: it is not in the catalog.")
            continue
        lost: list[str] = []
        config = plain.of(each.config, spec.name)
        params = reader.params(spec, config if isinstance(config, dict) else {}, lost)
        plain.notes += [f"The callback {spec.name}: {note}." for note in lost]
        position = float(len(found))
        found.append((f"callback_{len(found) + 1}", Callback(class_name=spec.name, config=params, position=position)))
    return found


class _Plain:
    """Writes values of `compile` as Keras writes them into a file; what is not known is left out, and noted."""

    def __init__(self, keras: KerasMeaning, notes: list[str]) -> None:
        self.notes = notes
        self._keras = keras
        self._values = 0

    def of(self, value: Any, what: str) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            raise NotPython(
                "What the model is compiled with is too much.",
                expected=f"at most {MAX_VALUES:,} values",
                received="more values",
            )
        value = self._keras.handed(_HANDED.get(what), value)
        match value:
            case Made():
                return {"class_name": value.class_name, "config": self.of(value.config, value.class_name)}
            case dict():
                return {
                    key if isinstance(key, int) else str(key): found
                    for key, item in value.items()
                    if (found := self.of(item, what)) is not None or item is None
                }
            case list() | tuple():
                return [self.of(item, what) for item in value]
            case Array():
                return self.of(value.value, what)
            case Path():
                return value.name.rpartition(".")[2]
            case Function(definition=ast.FunctionDef(name=name)):
                return name
            case None | bool() | int() | float() | str():
                return value
            case Unknown():
                told = f"{what}: {value.text[:80]} is not known without running the script and was left out."
                self.notes.append(told)
            case _:
                self.notes.append(f"{what}: a value was left out.")
        return None
