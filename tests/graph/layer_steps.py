"""Steps of drawing a design: each adds the call of a layer, or a few."""

from typing import Any

from hypothesis import strategies as st

from tests.graph.sketch import STEPS as LENGTHS
from tests.graph.sketch import Inside, Shape, Sketch, Tensor


def dense(sketch: Sketch, tensor: Tensor | None = None) -> None:
    tensor = tensor or sketch.pick()
    params: dict[str, Any] = {"units": sketch.width()}
    if sketch.chance():
        params["activation"] = sketch.draw(st.sampled_from(["relu", "tanh"]))
    if sketch.chance():
        params["kernel_regularizer"] = {"class_name": "L2", "config": {"l2": 0.5}}
    if sketch.chance():
        params["trainable"] = False
    sketch.one("Dense", params, tensor, (*tensor[2][:-1], params["units"]))


def same_shape(sketch: Sketch) -> None:
    tensor = sketch.pick()
    class_name, params = sketch.draw(st.sampled_from(_SAME_SHAPE))
    arguments = {"training": False} if class_name == "Dropout" and sketch.chance() else {}
    sketch.one(class_name, dict(params), tensor, tensor[2], **arguments)


_SAME_SHAPE: list[tuple[str, dict[str, Any]]] = [
    ("LayerNormalization", {}),
    ("BatchNormalization", {"momentum": 0.5}),
    ("Dropout", {"rate": 0.25}),
    ("Activation", {"activation": "gelu"}),
    ("LeakyReLU", {"negative_slope": 0.125}),
    ("GaussianNoise", {"stddev": 0.5}),
    ("ThresholdedReLU", {"theta": 0.5}),
]


def expression(sketch: Sketch) -> None:
    tensor = sketch.pick()
    inputs = [("inputs.0", tensor)]
    text = "2 * tanh(x)"
    if sketch.chance():
        inputs.append(("inputs.1", sketch.pick(each for each in sketch.tensors if each[2] == tensor[2])))
        text = "x1 + 0.5 * x2"
    sketch.call("Expression", {"expression": text}, inputs, [("output", tensor[2])])


def words(sketch: Sketch, position: int) -> None:
    """Add an input of integers and their embedding, whose mask goes on to what comes next."""
    length, width = sketch.draw(st.sampled_from(LENGTHS)), sketch.width()
    tensor = sketch.input((length,), position, dtype="int32")
    params = {"input_dim": 5, "output_dim": width, **({"mask_zero": True} if sketch.chance() else {})}
    sketch.one("Embedding", params, tensor, (length, width))


def recurrent(sketch: Sketch) -> None:
    tensor, units = sketch.sequence(), sketch.width()
    class_name = sketch.draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    sequences, states = sketch.chance(), sketch.chance()
    params: dict[str, Any] = {"units": units, "return_sequences": sequences, "return_state": states}
    if sketch.batch_size is not None:
        params["stateful"] = True
    outputs: list[tuple[str, Shape]] = [("output", (tensor[2][0], units) if sequences else (units,))]
    if states:
        outputs.append(("state_h", (units,)))
        outputs += [("state_c", (units,))] if class_name == "LSTM" else []
    inputs = [("input", tensor)]
    fitting = [each for each in sketch.tensors if each[2] == (units,)]
    if fitting and sketch.chance():
        count = 2 if class_name == "LSTM" else 1
        inputs += [(f"initial_state.{index}", sketch.pick(fitting)) for index in range(count)]
    sketch.call(class_name, params, inputs, outputs)


def masked(sketch: Sketch) -> None:
    """A recurrent layer under a mask that the design computes."""
    tensor, units = sketch.sequence(), sketch.width()
    steps = (tensor[2][0],)
    first = _silent(sketch, "ops.getitem", {"key": "..., 0"}, ("x", tensor), steps)
    mask = _silent(sketch, "ops.greater", {"x2": 0.25}, ("x1", first), steps)
    sketch.call("GRU", {"units": units}, [("input", tensor), ("mask", mask)], [("output", (units,))])


def _silent(sketch: Sketch, name: str, params: dict[str, Any], wired: tuple[str, Tensor], shape: Shape) -> Tensor:
    """Call an operation whose result is for the next call only."""
    made = sketch.call(name, params, [wired], [("output", shape)])[0]
    sketch.tensors.remove(made)
    return made


def cells(sketch: Sketch) -> None:
    tensor, units = sketch.sequence(), sketch.width()
    last = {"class_name": "GRUCell", "config": {"units": units}}
    stack = [{"class_name": "LSTMCell", "config": {"units": 3}}, last]
    cell = sketch.draw(st.sampled_from([last, {"class_name": "StackedRNNCells", "config": {"cells": stack}}]))
    sketch.one("RNN", {"cell": cell}, tensor, (units,))


def both_ways(sketch: Sketch) -> None:
    tensor, units = sketch.sequence(), sketch.width()
    recurrent_layer = sketch.draw(st.sampled_from([_gru(units), _rnn(units)]))
    params: dict[str, Any] = {"layer": recurrent_layer}
    if recurrent_layer["class_name"] == "GRU" and sketch.chance():
        config = {"units": units, "go_backwards": True, "activation": "relu"}
        params["backward_layer"] = {"class_name": "GRU", "config": config}
    if sketch.chance():
        sketch.one("Bidirectional", params, tensor, (2 * units,))
        return
    outputs: list[tuple[str, Shape]] = [("output", (units,)), ("backward_output", (units,))]
    sketch.call("Bidirectional", {**params, "merge_mode": None}, [("input", tensor)], outputs)


def _gru(units: int) -> dict[str, Any]:
    return {"class_name": "GRU", "config": {"units": units}}


def _rnn(units: int) -> dict[str, Any]:
    return {"class_name": "RNN", "config": {"cell": {"class_name": "SimpleRNNCell", "config": {"units": units}}}}


def each_step(sketch: Sketch) -> None:
    """A layer for every step: by value, another wrapper, a nested model, or a layer that the design calls too."""
    tensor, units = sketch.sequence(), sketch.width()
    inside: dict[str, Any] = {"class_name": "Dense", "config": {"units": units}}
    shape: Shape = (tensor[2][0], units)
    models = [each for each in sketch.inner if each.inputs == [tensor[2][1:]] and len(each.outputs) == 1]
    known = [each for each in sketch.shareable if each.taken == tensor[2][1:] and each.port == "input"]
    if models and sketch.chance():
        model = sketch.draw(st.sampled_from(models))
        inside = {"class_name": "Model", "config": {"graph": model.graph, "name": "each"}}
        shape = (tensor[2][0], *model.outputs[0])
    elif sketch.references and known and sketch.chance():
        held = sketch.draw(st.sampled_from(known))
        inside = {"layer": held.layer}
        shape = (tensor[2][0], *held.given)
    elif sketch.chance():
        inside = {"class_name": "SpectralNormalization", "config": {"layer": inside}}
    sketch.one("TimeDistributed", {"layer": inside}, tensor, shape)


def spectral(sketch: Sketch) -> None:
    tensor, units = sketch.pick(), sketch.width()
    inside = {"class_name": "Dense", "config": {"units": units}}
    sketch.one("SpectralNormalization", {"layer": inside}, tensor, (*tensor[2][:-1], units))


def over_steps(sketch: Sketch) -> None:
    tensor, filters = sketch.sequence(), sketch.width()
    length, width = tensor[2]
    kind = sketch.draw(st.sampled_from(["pool", "convolve", "locally"]))
    if kind == "pool":
        sketch.one("GlobalAveragePooling1D", {}, tensor, (width,))
    elif kind == "convolve":
        sketch.one("Conv1D", {"filters": filters, "kernel_size": 2, "padding": "same"}, tensor, (length, filters))
    elif length > 1:
        sketch.one("LocallyConnected1D", {"filters": filters, "kernel_size": 2}, tensor, (length - 1, filters))


def over_pictures(sketch: Sketch) -> None:
    tensor, filters = sketch.fitted((4, 4, 2)), sketch.width()
    shape = (4, 4, filters)
    tensor = sketch.one("Conv2D", {"filters": filters, "kernel_size": [3, 3], "padding": "same"}, tensor, shape)
    if sketch.chance():
        tensor = sketch.one("MaxPooling2D", {}, tensor, (2, 2, filters))
    sketch.one("GlobalAveragePooling2D", {}, tensor, (filters,))


def flatten(sketch: Sketch) -> None:
    tensor = sketch.sequence()
    sketch.one("Flatten", {}, tensor, (tensor[2][0] * tensor[2][1],))


def attention(sketch: Sketch) -> None:
    query = sketch.sequence()
    value = sketch.pick([each for each in sketch.tensors if len(each[2]) == 2 and each[2][1] == query[2][1]])
    inputs = [("query", query), ("value", value)]
    outputs: list[tuple[str, Shape]] = [("output", query[2])]
    if sketch.chance():
        sketch.call("Attention", {}, inputs, outputs)
        return
    arguments = {"use_causal_mask": True} if sketch.chance() else {}
    if sketch.chance():
        inputs.append(("key", sketch.pick([each for each in sketch.tensors if each[2] == value[2]])))
    sketch.call("MultiHeadAttention", {"num_heads": 2, "key_dim": 2}, inputs, outputs, arguments)


def merge(sketch: Sketch) -> None:
    first = sketch.pick()
    others = [each for each in sketch.tensors if each[2] == first[2]]
    class_name = sketch.draw(st.sampled_from(["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"]))
    count = 2 if class_name == "Subtract" else sketch.draw(st.integers(2, 3))
    tensors = [first, *(sketch.pick(others) for _ in range(count - 1))]
    inputs = [(f"inputs.{index}", tensor) for index, tensor in enumerate(tensors)]
    sketch.call(class_name, {}, inputs, [("output", first[2])])


def concatenate(sketch: Sketch) -> None:
    first = sketch.pick()
    other = sketch.pick([each for each in sketch.tensors if each[2][:-1] == first[2][:-1]])
    inputs = [("inputs.0", first), ("inputs.1", other)]
    sketch.call("Concatenate", {}, inputs, [("output", (*first[2][:-1], first[2][-1] + other[2][-1]))])


def again(sketch: Sketch) -> None:
    """Call a layer once more, on a tensor of the shape that it knows."""
    shapes = {tensor[2] for tensor in sketch.tensors}
    known = [each for each in sketch.shareable if each.taken in shapes]
    if not known:
        dense(sketch)
        return
    layer = sketch.draw(st.sampled_from(known))
    tensor = sketch.pick([each for each in sketch.tensors if each[2] == layer.taken])
    sketch.call_layer(layer.layer, [(layer.port, tensor)], [("output", layer.given)])


def model(sketch: Sketch, inside: Inside | None = None) -> None:
    """Call a nested model: a new instance, or one that was called before in this graph."""
    if not sketch.inner:
        dense(sketch)
        return
    inside = inside or sketch.draw(st.sampled_from(sketch.inner))
    layers, nodes = sketch.document["layers"], sketch.document["nodes"]
    instances = [
        key
        for key, layer in layers.items()
        if layer["params"].get("graph") == inside.graph
        and any(node["layer"] == key and node["graph"] == sketch.graph_id for node in nodes.values())
    ]
    if instances and sketch.chance():
        layer = sketch.draw(st.sampled_from(instances))
    else:
        frozen = {"trainable": False} if sketch.chance() else {}
        layer = sketch.layer("Model", {"graph": inside.graph, **frozen})
    inputs = [(f"inputs.{index}", sketch.fitted(shape)) for index, shape in enumerate(inside.inputs)]
    sketch.call_layer(layer, inputs, [(f"outputs.{index}", shape) for index, shape in enumerate(inside.outputs)])


STEPS = [
    dense,
    same_shape,
    expression,
    recurrent,
    masked,
    cells,
    both_ways,
    each_step,
    spectral,
    over_steps,
    over_pictures,
    flatten,
    attention,
    merge,
    concatenate,
    again,
    again,
    model,
    model,
    model,
]
