"""`compile` and `fit` of a script as the training of a design."""

import ast
from typing import Any, Final

from pydantic import ValidationError

from app.catalog.model import Catalog, Kind
from app.document.model import Callback, FitOptions, GraphDocument, KerasConfig, Training
from app.worker.imports.graphs import End
from app.worker.imports.params import ParamReader
from app.worker.imports.python.meaning import KerasMeaning
from app.worker.imports.python.names import Function
from app.worker.imports.python.values import Array, LayerValue, Made, ModelValue, Path, Unknown
from app.worker.imports.training import read_training

_FIT: Final = ("epochs", "batch_size", "validation_split", "shuffle")
_COMPILE: Final = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def training_of(
    model: ModelValue, keras: KerasMeaning, document: GraphDocument, config: dict[str, Any], catalog: Catalog
) -> tuple[Training, list[str]]:
    """Return the training that the script asks for, and in words what could not be taken over."""
    notes: list[str] = []
    compiled = {key: _plain(value, notes, key) for key, value in (model.compiled or {}).items()}
    ends = _ends(document, config)
    training, told = read_training(compiled if model.compiled is not None else None, ends, catalog)
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
    fields["callbacks"] = dict(_callbacks(fit.get("callbacks"), catalog, notes))
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


def _callbacks(value: Any, catalog: Catalog, notes: list[str]) -> list[tuple[str, Callback]]:
    found: list[tuple[str, Callback]] = []
    reader = ParamReader(catalog)
    for each in value if isinstance(value, list | tuple) else []:
        spec = catalog.find(Kind.CALLBACK, each.class_name) if isinstance(each, Made) else None
        if spec is None:
            name = each.class_name if isinstance(each, Made | LayerValue) else getattr(each, "text", "one")
            notes.append(f"The callback {str(name)[:80]} was left out: it is not in the catalog.")
            continue
        lost: list[str] = []
        config = _plain(each.config, lost, spec.name)
        params = reader.params(spec, config if isinstance(config, dict) else {}, lost)
        notes += [f"The callback {spec.name}: {note}." for note in lost]
        position = float(len(found))
        found.append((f"callback_{len(found) + 1}", Callback(class_name=spec.name, config=params, position=position)))
    return found


def _plain(value: Any, notes: list[str], what: str) -> Any:
    """Return a value of `compile` as Keras writes it into a file; what is not known is left out."""
    match value:
        case Made():
            return {"class_name": value.class_name, "config": _plain(value.config, notes, what)}
        case dict():
            return {
                key if isinstance(key, int) else str(key): found
                for key, item in value.items()
                if (found := _plain(item, notes, what)) is not None or item is None
            }
        case list() | tuple():
            return [_plain(item, notes, what) for item in value]
        case Array():
            return _plain(value.value, notes, what)
        case Path():
            return value.name.rpartition(".")[2]
        case Function(definition=ast.FunctionDef(name=name)):
            return name
        case None | bool() | int() | float() | str():
            return value
        case Unknown():
            notes.append(f"{what}: {value.text[:80]} is not known without running the script and was left out.")
            return None
        case _:
            notes.append(f"{what}: a value was left out.")
            return None
