"""Random designs that are always in order, for laws: small, with everything that a graph can have.

`designs()` draws several inputs and outputs (vectors, sequences, pictures, words), shared layers, nested models (in one
another too, of several instances, called several times), wrappers, recurrent layers with states, cells and masks,
operations, merges, call arguments and layers of our own. Every node leads to an Output.
"""

from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.document.read import validate_document
from tests.graph import layer_steps, operation_steps
from tests.graph.sketch import STEPS, WIDTHS, Inside, Sketch


@st.composite
def designs(draw: st.DrawFn, across: bool = False, references: bool = False) -> GraphDocument:
    """Draw a design without errors.

    With `across`, layers may be called in several graphs, and with `references`, wrappers may hold layers that the
    design calls elsewhere: a model file of Keras says neither.
    """
    sketch = Sketch(draw, across, references)
    inner: list[Inside] = []
    for number in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        graph = f"g{number}"
        sketch.document["graphs"][graph] = {"name": f"Inside {number}", "model_class": draw(_model_classes)}
        inner.append(_graph(sketch, graph, inner, draw(st.integers(0, 4))))
    sketch.document["meta"] = {"name": "Drawn", "model_class": draw(_model_classes), "model_name": draw(_model_names)}
    _graph(sketch, "", inner, draw(st.integers(2, 10)))
    return validate_document(sketch.document)


_model_classes = st.sampled_from(["auto", "Functional"])
_model_names = st.sampled_from(["", "network", "a_b"])
_vectors = st.tuples(st.sampled_from(WIDTHS))
_sequences = st.tuples(st.sampled_from(STEPS), st.sampled_from(WIDTHS))
_pictures = st.just((4, 4, 2))
_shapes = st.one_of(_vectors, _sequences, _vectors, _sequences, _pictures)


def _graph(sketch: Sketch, graph: str, inner: list[Inside], steps: int) -> Inside:
    """Draw one graph; every tensor that nothing takes becomes an output.

    The last nested model that was drawn is called at once, so that most designs with one use it.
    """
    sketch.begin(graph, inner)
    draw = sketch.draw
    shapes = draw(st.lists(_shapes, min_size=1, max_size=2))
    for position, shape in enumerate(shapes):
        sketch.tensors.append(sketch.input(shape, position))
    for tensor in list(sketch.tensors):
        layer_steps.dense(sketch, tensor)
    if not graph and sketch.chance():
        layer_steps.words(sketch, len(shapes))
    if inner:
        layer_steps.model(sketch, inner[-1])
    for _ in range(steps):
        draw(st.sampled_from(_STEPS))(sketch)
    outputs = []
    for position, (node, port, shape) in enumerate(sketch.loose()):
        end = sketch.node(sketch.layer("Output", {"position": position}))
        sketch.wire((node, port, shape), end, "input")
        outputs.append(shape)
    return Inside(graph, shapes, outputs)


_STEPS = [*layer_steps.STEPS, *operation_steps.STEPS]
