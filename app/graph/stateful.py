"""Stateful layers, which keep a state for every place in a batch from one batch to the next."""

from pydantic import JsonValue

from app.graph.model import Plan


def is_stateful(params: JsonValue) -> bool:
    """Say whether a layer of these parameters, or one inside it, is stateful."""
    if isinstance(params, dict):
        return params.get("stateful") is True or any(map(is_stateful, params.values()))
    return isinstance(params, list) and any(map(is_stateful, params))


def batch_of(plan: Plan) -> int | None:
    """Return the only number of samples that the model of `plan` takes at once; None where any number will do."""
    if not any(is_stateful(dict(layer.params)) for layer in plan.layers.values()):
        return None
    sizes = (plan.layers[each.layer].params.get("batch_size") for each in plan.inputs)
    return next((size for size in sizes if isinstance(size, int)), None)
