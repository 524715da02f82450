"""Random documents: any graph, sensible or not."""

from hypothesis import strategies as st

from app.document.model import GraphDocument

identifiers = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_-", min_size=1, max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
classes = st.sampled_from(["InputLayer", "Dense", "Conv2D", "Concatenate", "LSTM", "Output", "NoSuchLayer"])
ports = st.sampled_from(["input", "output", "inputs.0", "inputs.1", "query", "state_h"])


@st.composite
def documents(draw: st.DrawFn) -> GraphDocument:
    """Return a document whose nodes name layers that exist most of the time."""
    layers = draw(st.lists(identifiers, max_size=5, unique=True))
    nodes = draw(st.lists(identifiers, max_size=6, unique=True))
    ends = st.sampled_from(nodes) if nodes else identifiers
    edges = draw(st.lists(st.tuples(ends, ports, ends, ports), max_size=8)) if nodes else []
    coordinates = st.floats(-1e6, 1e6, allow_nan=False)
    return GraphDocument.model_validate(
        {
            "layers": {
                layer: {
                    "class_name": draw(classes),
                    "name": draw(st.text(min_size=1, max_size=8)),
                    "params": draw(st.dictionaries(st.text(max_size=6), values, max_size=3)),
                }
                for layer in layers
            },
            "nodes": {
                node: {
                    "layer": draw(st.sampled_from(layers) if layers else identifiers),
                    "x": draw(coordinates),
                    "y": draw(coordinates),
                    "note": draw(st.text(max_size=5)),
                }
                for node in nodes
            },
            "edges": {f"{a}:{p}->{b}:{q}": {} for a, p, b, q in edges},
        }
    )
