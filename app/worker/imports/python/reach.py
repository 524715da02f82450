"""What hangs together in a script: the tensors in a value, the layers between two ends, the results of a call."""

from typing import Any

from app.worker.imports.python.values import LayerValue, ModelValue, Tensor, as_tensor, is_symbolic


def reached(model: ModelValue) -> list[LayerValue]:
    """Return the layers between the inputs and outputs of a functional model, those first that were called first."""
    inputs = {(tensor.layer, tensor.call) for tensor in tensors_in(model.inputs)}
    seen: dict[tuple[int, int], tuple[LayerValue, int]] = {}
    waiting = [(tensor.layer, tensor.call) for tensor in tensors_in([model.inputs, model.outputs])]
    while waiting:
        layer, number = waiting.pop()
        if (id(layer), number) in seen:
            continue
        seen[id(layer), number] = (layer, number)
        if (layer, number) not in inputs and number < len(layer.calls):
            call = layer.calls[number]
            waiting += [(each.layer, each.call) for each in tensors_in([call.args, call.kwargs])]
    in_order = sorted((layer for layer, _ in seen.values()), key=lambda layer: (layer.line, layer.order))
    return list({id(layer): layer for layer in in_order}.values())


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in a value, in order."""
    if is_symbolic(value):
        return [as_tensor(value)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def gives_several(layer: LayerValue) -> bool:
    """Return whether a call of the layer gives several tensors, so that an index chooses one of them."""
    if isinstance(layer, ModelValue):
        return not layer.is_sequential and isinstance(layer.outputs, list | tuple)
    spec = layer.spec
    if spec is None:
        return False
    if any(port.variadic and not port.when for port in spec.outputs):
        return True
    config = layer.config
    inner = config.get("layer")
    state = config.get("return_state") or (isinstance(inner, LayerValue) and inner.config.get("return_state"))
    if state and len(spec.outputs) > 1:
        return True
    if spec.name == "Bidirectional" and "merge_mode" in config and config["merge_mode"] is None:
        return True
    if any(call.kwargs.get("return_attention_scores") for call in layer.calls):
        return True
    return len([port for port in spec.outputs if not port.when]) > 1
