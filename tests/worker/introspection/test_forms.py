"""The law of the forms: what a form sets reaches Keras, and the code written for it makes the same object."""

import json
from collections.abc import Iterator
from typing import Any

import keras
import pytest

from app.catalog.model import Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.registry import load_catalog
from app.catalog.validate import validate_params
from app.codegen.literals import Literals
from app.worker.building.resolve import build_layer, build_object, keras_class

CATALOG = load_catalog()
SPECS = [
    spec
    for kind, section in CATALOG.objects.items()
    for spec in section.values()
    if kind not in {Kind.ACTIVATION, Kind.CALLBACK, Kind.OPERATION} and spec.marker in {"", "input"}
]

NOT_IN_THE_CONFIG: dict[str, set[str]] = {
    "layers.Dense": {"lora_alpha"},
    "layers.EinsumDense": {"lora_alpha"},
    "layers.Embedding": {"lora_alpha"},
    "layers.CategoryEncoding": {"sparse"},
    "layers.GroupQueryAttention": {"flash_attention"},
    "layers.HashedCrossing": {"trainable"},
    "losses.Huber": {"delta", "dtype"},
    "initializers.Identity": {"gain"},
    "layers.IntegerLookup": {"dtype", "trainable"},
    "layers.MaxNumBoundingBoxes": {"fill_value"},
    "layers.MultiHeadAttention": {"flash_attention", "value_dim"},
    "layers.RandomGrayscale": {"seed"},
    "layers.SimpleRNN": {"activity_regularizer", "seed"},
    "layers.StringLookup": {"dtype", "trainable"},
}
"""Parameters that Keras takes and keeps to itself, or that count only together with another.

No loss of Keras writes its dtype.
"""


def other_values(param: ParamSpec) -> Iterator[Any]:
    """Yield values for a parameter that are not its default and that its kind allows."""
    high = param.maximum
    match param.kind:
        case ParamKind.BOOLEAN:
            yield not param.default
        case ParamKind.CHOICE:
            usual = param.default or "channels_last"
            yield from (choice for choice in param.choices if choice != usual)
        case ParamKind.INTEGER:
            yield 2 if param.default != 2 else 3
        case ParamKind.NUMBER:
            yield next(number for number in (0.25, 0.5) if number != param.default and (high is None or number <= high))
        case ParamKind.TEXT if not param.file_name and param.name not in {"encoding", "equation"}:
            yield "other"
        case ParamKind.SIZE:
            yield [5] * param.rank if param.rank else 5
        case ParamKind.DTYPE:
            yield "float64"
        case ParamKind.OBJECT if param.object_kind is not None:
            section = CATALOG.objects[param.object_kind]
            name = next(name for name in reversed(section) if name not in {param.default, "LossScaleOptimizer"})
            spec = section[name]
            yield name if param.object_kind is Kind.ACTIVATION else {"class_name": name, "config": spec.sample}
        case ParamKind.NUMBERS if isinstance(param.default, int | float):
            yield 0.25
    if param.nullable and param.default is not None:
        yield None


def variants(spec: ObjectSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    sample = {**spec.sample, **({"seed": 1} if any(param.name == "seed" for param in spec.params) else {})}
    yield "", sample
    for param in spec.params:
        for value in other_values(param):
            params = {**sample, param.name: value}
            if (
                param.name not in {"name", "position"}
                and params != sample
                and not validate_params(spec, params, CATALOG)
            ):
                yield param.name, params


def config_of(built: Any) -> Any:
    """Return the config as JSON, objects in it written by Keras' own serialization."""
    return json.loads(json.dumps(built.get_config(), default=lambda value: repr(value), sort_keys=True))


def from_form(spec: ObjectSpec, params: dict[str, Any]) -> Any:
    keras.backend.clear_session(free_memory=False)
    if spec.kind is Kind.LAYER:
        return build_layer(spec.name, params, "named")
    return build_object(spec.kind, {"class_name": spec.name, "config": params})


def from_code(spec: ObjectSpec, params: dict[str, Any]) -> Any:
    keras.backend.clear_session(free_memory=False)
    literals = Literals(CATALOG)
    if spec.kind is Kind.LAYER:
        source = literals.construct(spec, params, "named", 0)
    else:
        source = literals.object(spec.kind, {"class_name": spec.name, "config": params}, 0)
    names = {name: keras_class(used) for name, used in literals.used.items()}
    made = eval(source, {"keras": keras, "layers": keras.layers, "ops": keras.ops, **names})
    return getattr(keras, spec.kind.value).get(made) if isinstance(made, str) else made


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.name}")
def test_forms_code_and_keras_agree(spec: ObjectSpec) -> None:
    plain, unheard = None, set()
    for name, params in variants(spec):
        try:
            built = from_form(spec, params)
        except (ValueError, TypeError, NotImplementedError, AssertionError):
            if not name:
                raise
            continue
        config = config_of(built)
        assert config_of(from_code(spec, params)) == config, name
        if not name:
            plain = config
        elif config == plain:
            unheard.add(name)
    usual = {"dtype"} if spec.kind is Kind.LOSS else set()
    assert unheard == NOT_IN_THE_CONFIG.get(f"{spec.kind}.{spec.name}", usual)
