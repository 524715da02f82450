"""Steps of drawing a design: each adds the call of an operation of `keras.ops`."""

from typing import Any

from hypothesis import strategies as st

from tests.graph.sketch import Shape, Sketch


def unary(sketch: Sketch) -> None:
    tensor = sketch.pick()
    function = sketch.draw(st.sampled_from(["ops.tanh", "ops.sigmoid", "ops.relu", "ops.square", "ops.negative"]))
    sketch.call(function, {}, [("x", tensor)], [("output", tensor[2])])


def with_constant(sketch: Sketch) -> None:
    tensor = sketch.pick()
    function = sketch.draw(st.sampled_from(["ops.add", "ops.multiply", "ops.subtract", "ops.maximum"]))
    port, other = sketch.draw(st.permutations(["x1", "x2"]))
    sketch.call(function, {other: 1.5}, [(port, tensor)], [("output", tensor[2])])


def pair(sketch: Sketch) -> None:
    one = sketch.pick()
    other = sketch.pick(each for each in sketch.tensors if each[2] == one[2])
    function = sketch.draw(st.sampled_from(["ops.add", "ops.multiply", "ops.subtract"]))
    sketch.call(function, {}, [("x1", one), ("x2", other)], [("output", one[2])])


def reduced(sketch: Sketch) -> None:
    tensor = sketch.pick()
    function = sketch.draw(st.sampled_from(["ops.mean", "ops.max", "ops.sum"]))
    shape = tensor[2]
    if len(shape) > 1 and sketch.chance():
        sketch.call(function, {"axis": 1}, [("x", tensor)], [("output", shape[1:])])
    else:
        params = {"axis": -1, "keepdims": True}
        sketch.call(function, params, [("x", tensor)], [("output", (*shape[:-1], 1))])


def item(sketch: Sketch) -> None:
    tensor = sketch.pick()
    shape = tensor[2]
    keys: dict[str, Shape] = {
        "..., :2": (*shape[:-1], min(shape[-1], 2)),
        "..., ::2": (*shape[:-1], (shape[-1] + 1) // 2),
        ":, None": (1, *shape),
        "..., -1:": (*shape[:-1], 1),
    }
    if len(shape) > 1:
        keys |= {":, 0": shape[1:], ":, -1": shape[1:]}
    key = sketch.draw(st.sampled_from(sorted(keys)))
    sketch.call("ops.getitem", {"key": key}, [("x", tensor)], [("output", keys[key])])


def joined(sketch: Sketch) -> None:
    tensor = sketch.pick()
    shape = tensor[2]
    inputs = [("xs.0", tensor), ("xs.1", sketch.pick(each for each in sketch.tensors if each[2] == shape))]
    sketch.call("ops.concatenate", {"axis": -1}, inputs, [("output", (*shape[:-1], 2 * shape[-1]))])


def stacked(sketch: Sketch) -> None:
    tensor = sketch.pick(each for each in sketch.tensors if len(each[2]) == 1) if _vectors(sketch) else None
    if tensor is None:
        unary(sketch)
        return
    inputs = [("x.0", tensor), ("x.1", sketch.pick(each for each in sketch.tensors if each[2] == tensor[2]))]
    sketch.call("ops.stack", {"axis": 1}, inputs, [("output", (2, *tensor[2]))])


def _vectors(sketch: Sketch) -> bool:
    return any(len(each[2]) == 1 for each in sketch.tensors)


def split(sketch: Sketch) -> None:
    """An operation with several results."""
    tensor = sketch.pick()
    half = tensor[2][-1] // 2
    if half < 1 or tensor[2][-1] % 2:
        unary(sketch)
        return
    shape = (*tensor[2][:-1], half)
    params: dict[str, Any] = {"indices_or_sections": 2, "axis": -1}
    sketch.call("ops.split", params, [("x", tensor)], [("outputs.0", shape), ("outputs.1", shape)])


def where(sketch: Sketch) -> None:
    tensor = sketch.pick()
    condition = sketch.call("ops.greater", {"x2": 0.5}, [("x1", tensor)], [("output", tensor[2])])[0]
    sketch.tensors.remove(condition)
    params = {"x2": 0.0}
    sketch.call("ops.where", params, [("condition", condition), ("x1", tensor)], [("output", tensor[2])])


STEPS = [unary, with_constant, pair, reduced, item, joined, stacked, split, where]
