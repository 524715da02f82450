"""What the entries of a model file say of themselves: models inside, names, shapes, objects that are shared."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from app.worker.imports.errors import NotAModel
from app.worker.imports.tensors import arguments_of, calls_of, shape_of
from app.worker.imports.translated import NESTED

_PUBLISHED: Final = {
    "keras.src.layers.preprocessing.feature_space.TFDConcat": "Concatenate",
    "keras.src.layers.preprocessing.feature_space.TFDIdentity": "Identity",
}


def is_nested(entry: Any) -> bool:
    """Return whether an entry is a model with its layers in the file; its class may be one of somebody's own."""
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return False
    return entry.get("class_name") in NESTED or {"input_layers", "output_layers"} <= config.keys()


def count_shared(data: Any) -> Counter[int]:
    """Return how often each shared object stands in the file."""
    found: Counter[int] = Counter()
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            key = value.get("shared_object_id")
            if isinstance(key, int) and "class_name" in value:
                found[key] += 1
            waiting += [item for item in value.values() if isinstance(item, dict | list)]
        else:
            waiting += [item for item in value if isinstance(item, dict | list)]
    return found


def notes_of(entry: Mapping[str, Any]) -> list[str]:
    """Return what an earlier step changed in this entry."""
    notes = entry.get("converted")
    return [str(note)[:200] for note in notes] if isinstance(notes, list) else []


def published(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry of a class that Keras keeps to itself as one of the class that does the same."""
    name = _PUBLISHED.get(f"{entry.get('module')}.{entry.get('class_name')}")
    if name is None:
        return entry
    note = f"{entry['class_name']} of FeatureSpace does what {name} does"
    changed = {"module": "keras.layers", "class_name": name, "registered_name": None}
    return {**entry, **changed, "converted": [*notes_of(entry), note]}


def thawed(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a frozen model without what says so of each layer inside: Keras notes it at every level."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: without(item)
                for key, item in value.items()
                if not (key == "trainable" and item is False and "name" in value)
            }
        return [without(item) for item in value] if isinstance(value, list) else value

    config = model["config"]
    return {**model, "config": {**config, "layers": without(config["layers"])}}


def input_params(config: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the parameters of an InputLayer, from the shape with the batch axis that its configuration tells."""
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if not isinstance(shape, list) or not shape:
        return {}
    batch: dict[str, JsonValue] = {} if shape[0] is None else {"batch_size": shape[0]}
    return {"shape": shape[1:], **batch}


def built_shape(data: Mapping[str, Any]) -> list[Any] | None:
    """Return the shape, batch included, that a Sequential without an InputLayer was built for, as far as it tells."""
    built = data.get("build_config")
    shape = data["config"].get("build_input_shape") or (built.get("input_shape") if isinstance(built, dict) else None)
    if not shape:
        args = [arguments_of(call)[0] for call in calls_of(data)]
        shape = next((found for each in args if each and (found := shape_of(each[0]))), None)
    return shape if isinstance(shape, list) and shape and not isinstance(shape[0], list) else None


def refuse_repeated(names: list[str]) -> None:
    """Raise `NotAModel` where two layers of a graph have one name."""
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise NotAModel(
            f"{count} layers of this model are called {name}.",
            expected="a name of its own for every layer",
            received=name,
            hint="Keras does not write such files; rename the layers and save the model again.",
        )
