"""Values that are not the default, one for every parameter of the catalog's optimizers, losses, metrics, callbacks."""

from collections.abc import Iterator
from typing import Any, Final

from app.catalog.model import Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.registry import load_catalog
from app.document.model import Code, GraphDocument

NOTED: Final = Code(kind="functions", name="noted", source="def noted(*given, **named):\n    print(given, named)\n")
"""A function that may stand wherever one is handed to a Keras object."""

WITH_NOTED: Final = GraphDocument(code={"noted": NOTED})

COMPILED: Final = (Kind.OPTIMIZER, Kind.SCHEDULE, Kind.LOSS, Kind.METRIC, Kind.CALLBACK)

_BY_NAME: Final[dict[str, Any]] = {
    "boundaries": [5, 9],
    "values": [0.5, 0.25, 0.125],
    "thresholds": [0.25, 0.75],
    "label_weights": [0.5, 1.5],
    "target_class_ids": [1],
    "learning_rate": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 7}},
    "inner_optimizer": {"class_name": "RMSprop", "config": {"rho": 0.5}},
    "save_freq": 3,
    "update_freq": 2,
    "profile_batch": [2, 3],
    "headers": {"x-a": "b"},
    "root": "https://metrics.example:9000",
    "path": "/in",
    "schedule": "lr * 0.5",
    "average": "macro",
    "class_aggregation": "variance_weighted_average",
    "reduction": "sum",
    "beta_2_decay": -0.75,
    "learning_rate_power": -0.25,
}

_WITH: Final[dict[str, dict[str, Any]]] = {
    "label_weights": {"multi_label": True, "num_labels": 2},
    "num_labels": {"multi_label": True},
    "ema_overwrite_frequency": {"use_ema": True},
    "boundaries": {"values": [0.5, 0.25, 0.125]},
    "warmup_target": {"warmup_steps": 3},
}
"""What else Keras wants set along with a parameter."""


def other_value(param: ParamSpec) -> Any:
    """Return a value for `param` that is not its default."""
    if param.name in _BY_NAME:
        return _BY_NAME[param.name]
    if param.object_kind is Kind.FUNCTION:
        return NOTED.name
    match param.kind:
        case ParamKind.BOOLEAN:
            return not param.default
        case ParamKind.INTEGER:
            return (param.default if isinstance(param.default, int) else 0) + 2
        case ParamKind.NUMBER:
            return 0.25 if param.default != 0.25 else 0.5
        case ParamKind.AXIS:
            return 1
        case ParamKind.CHOICE:
            return next(choice for choice in param.choices if choice != param.default)
        case ParamKind.DTYPE:
            return "float64"
        case ParamKind.STRINGS:
            return ["first", "second"]
        case ParamKind.TEXT:
            return "," if param.default == ";" else ";" if param.name == "separator" else "another"
    raise AssertionError(f"{param.name} has no other value: {param.kind}")


def changes(*kinds: Kind) -> Iterator[tuple[ObjectSpec, ParamSpec, dict[str, Any]]]:
    """Yield every parameter of every object of `kinds`, with a config that sets it to another value."""
    for kind in kinds or COMPILED:
        for spec in load_catalog().objects[kind].values():
            for param in spec.params:
                yield spec, param, {**spec.sample, **_WITH.get(param.name, {}), param.name: other_value(param)}
