"""The classes of a design's own, read from their source."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.model import Kind, ObjectSpec, ParamKind
from app.catalog.own import CELLS, OWN, catalog_for, own_specs, source_faults
from app.catalog.ports import output_ports
from app.catalog.registry import load_catalog
from app.catalog.validate import validate_params
from app.document.model import Code, CodeKind, GraphDocument
from app.graph.ports import output_keys

LAYER = '''
import keras
from keras import layers

class Scale(layers.Layer):
    """Multiplies by a number.

    More words.

    Args:
        factor: The number.
    """

    def __init__(self, units, factor: float = 2.0, mode: Literal["a", "b"] = "a", sizes: tuple[int, ...] | None = None,
                 kernel_initializer="glorot_uniform", activation=None, what=print, *, flag=True, **kwargs):
        super().__init__(**kwargs)

    def call(self, inputs, training=None, mask=None):
        return inputs * self.factor
'''


def design(*pieces: tuple[str, str, str]) -> GraphDocument:
    code = {f"c{n}": Code(kind=kind, name=name, source=source) for n, (kind, name, source) in enumerate(pieces)}  # type: ignore[arg-type]
    return GraphDocument(code=code)


def spec_of(name: str, source: str, kind: str = "layers") -> ObjectSpec:
    document = design((kind, name, source))
    assert source_faults(document) == {}
    spec = catalog_for(document).find(Kind(kind), name)
    assert spec is not None
    return spec


def codes(name: str, source: str, kind: str = "layers") -> list[tuple[str, int]]:
    return [(fault.code, fault.line) for fault in source_faults(design((kind, name, source))).get("c0", [])]


def test_a_layer() -> None:
    spec = spec_of("Scale", LAYER)
    assert (spec.code, spec.category, spec.summary, spec.help) == ("c0", OWN, "Multiplies by a number.", "More words.")
    assert [(p.name, p.kind, p.required, p.default, p.nullable) for p in spec.params] == [
        ("units", ParamKind.INTEGER, True, None, False),
        ("factor", ParamKind.NUMBER, False, 2.0, False),
        ("mode", ParamKind.CHOICE, False, "a", False),
        ("sizes", ParamKind.SHAPE, False, None, True),
        ("kernel_initializer", ParamKind.OBJECT, False, "GlorotUniform", False),
        ("activation", ParamKind.OBJECT, False, None, True),
        ("what", ParamKind.JSON, False, None, True),
        ("flag", ParamKind.BOOLEAN, False, True, False),
        ("trainable", ParamKind.BOOLEAN, False, True, False),
        ("dtype", ParamKind.DTYPE, False, None, True),
    ]
    assert spec.params[1].help == "The number."
    assert [port.name for port in spec.inputs] == ["input"]
    assert [port.name for port in spec.outputs] == ["output"]
    catalog = catalog_for(design(("layers", "Scale", LAYER)))
    assert validate_params(spec, {"units": 3, "activation": "relu", "mode": "b"}, catalog) == []


@pytest.mark.parametrize(
    ("signature", "body", "inputs", "outputs"),
    [
        ("self, query, value, key=None, training=False", "return query", ["query", "value", "key"], ["output"]),
        ("self, inputs", "a, b = inputs; return a", ["a", "b"], ["output"]),
        ("self, xs: list", "return xs[0]", ["inputs"], ["output"]),
        ("self, X, Y", "return X, Y", ["input_1", "input_2"], ["output_1", "output_2"]),
        ("self, x, alpha=0.5", "mean, var = 1, 2; return mean, var", ["input"], ["mean", "var"]),
        ("self, x", "f = lambda: (1, 2); return f()", ["input"], ["output"]),
    ],
)
def test_ports(signature: str, body: str, inputs: list[str], outputs: list[str]) -> None:
    spec = spec_of("A", f"class A(Layer):\n    def call({signature}):\n        {body}\n")
    assert [port.name for port in spec.inputs] == inputs
    assert [port.name for port in spec.outputs] == outputs


def test_a_cell() -> None:
    source = (
        "class C(keras.Layer):\n  def __init__(self, units, **kw):\n    self.state_size = units\n"
        "  def call(self, x, states):\n    return x, states\n"
    )
    spec = spec_of("C", source)
    assert spec.category == CELLS
    assert [(port.name, port.argument, port.variadic) for port in spec.inputs] == [
        ("input", "x", False),
        ("states", "states", True),
    ]
    document = design(("layers", "C", source))
    rnn = load_catalog().objects[Kind.LAYER]["RNN"]
    cell: dict[str, Any] = {"cell": {"class_name": "C", "config": {"units": 3}}}
    assert validate_params(rnn, cell, catalog_for(document)) == []
    assert [fault.code for fault in validate_params(rnn, cell, load_catalog())] == ["unknown_object"]


def test_an_rnn_over_an_own_cell_gives_its_states() -> None:
    source = "class C(keras.Layer):\n  state_size = [3, 4]\n  def call(self, x, states):\n    return x, states\n"
    document = design(("layers", "C", source))
    rnn, both = (catalog_for(document).objects[Kind.LAYER][name] for name in ("RNN", "Bidirectional"))
    assert [(spec.name, spec.code) for spec in own_specs(document)] == [("Bidirectional", ""), ("RNN", ""), ("C", "c0")]

    def ports(cell: str, **params: Any) -> list[str]:
        return [port.name for port in output_ports(rnn, {"cell": {"class_name": cell, "config": {}}, **params})]

    def ends(cell: str, **params: Any) -> list[str]:
        layer = {"class_name": "RNN", "config": {"cell": {"class_name": cell, "config": {}}, **params}}
        return [port.name for port in output_ports(both, {"layer": layer})]

    assert ports("C") == ["output"]
    assert ports("C", return_sequences=True) == ["output"]
    assert ports("C", return_state=True) == ["output", "states"]
    assert ports("StackedRNNCells", return_state=True) == ["output", "states"]
    assert ports("LSTMCell", return_state=True) == ["output", "state_h", "state_c"]
    assert ends("C") == ["output"]
    assert ends("C", return_state=True) == ends("StackedRNNCells", return_state=True) == ["output", "states"]
    assert ends("LSTMCell", return_state=True) == ["output", "forward_h", "forward_c", "backward_h", "backward_c"]
    assert ends("GRUCell", return_state=True) == ["output", "forward_h", "backward_h"]
    assert output_keys(output_ports(rnn, {"cell": {"class_name": "C"}, "return_state": True}), 3) == [
        "output",
        "states.0",
        "states.1",
    ]


def test_what_a_class_inherits() -> None:
    spec = spec_of("Wide", "class Base(keras.layers.Dense):\n    pass\nclass Wide(Base):\n    pass\n")
    dense = load_catalog().objects[Kind.LAYER]["Dense"]
    assert (spec.params, spec.inputs, spec.outputs) == (dense.params, dense.inputs, dense.outputs)


@pytest.mark.parametrize(
    ("kind", "name", "source"),
    [
        ("losses", "Own", "class Own(keras.losses.Loss):\n  def call(self, y_true, y_pred): ..."),
        ("metrics", "Own", "class Own(keras.metrics.Metric):\n  pass"),
        ("callbacks", "Own", "class Own(keras.callbacks.Callback):\n  pass"),
        ("initializers", "Own", "class Own(Initializer):\n  def __call__(self, shape, dtype=None): ..."),
        ("regularizers", "Own", "class Own(keras.Regularizer):\n  def __call__(self, x): ..."),
        ("activations", "own", "def own(x):\n  return x"),
        ("functions", "own", "def own(epoch, logs=None): ..."),
    ],
)  # fmt: skip
def test_other_kinds(kind: str, name: str, source: str) -> None:
    spec = spec_of(name, source, kind)
    assert (spec.kind, spec.inputs, spec.code) == (Kind(kind), (), "c0")


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("A", "class A(:\n", [("own_syntax", 1)]),
        ("A", "x = 1\nclass A(Layer)\n  pass", [("own_syntax", 2)]),
        ("A", "class B(Layer):\n  def call(self, x): ...", [("own_missing", 1)]),
        ("A", "", [("own_missing", 1)]),
        ("A", "\nclass A:\n  def call(self, x): ...", [("own_base", 2)]),
        ("A", "class A(Layer):\n  pass", [("own_method", 1)]),
        ("A", "class A(Layer):\n  def __init__(self, *sizes): ...\n  def call(self, x): ...", [("own_star_args", 2)]),
        ("A", "class A(Layer):\n  def call(self, x): ...\n" * 2, [("own_several", 3)]),
        ("B", "class A(Layer): ...\nclass C(Layer): ...", [("own_missing", 1)]),
        ("Dense", "class Dense(Layer):\n  def call(self, x): ...", [("own_clash", 1)]),
        ("a>b", "class A(Layer): ...", [("own_name", 1)]),
        ("A", "\0", [("own_syntax", 1)]),
        ("A", "(" * 90_000, [("own_syntax", 1)]),
        ("A", "-" * 90_000 + "1", [("own_syntax", 1)]),
        ("A", "x" + ".a" * 40_000, [("own_syntax", 1)]),
        ("A", "x = '\\d'\nclass A(Layer):\n  def call(self, x): ...", []),
    ],
    ids=lambda value: str(value)[:20],
)
def test_faults(name: str, source: str, found: list[tuple[str, int]]) -> None:
    assert codes(name, source) == found


@pytest.mark.parametrize(
    ("kind", "source", "found"),
    [
        ("activations", "def own(): ...", [("own_method", 1)]),
        ("activations", "def own(x, y): ...", [("own_method", 1)]),
        ("activations", "def own(x, y=1): ...", []),
        ("functions", "def own(): ...", []),
        ("functions", "class own: ...", [("own_missing", 1)]),
        ("functions", "if True:\n  def own(logs): ...", [("own_missing", 1)]),
        ("functions", "async def own(logs): ...", [("own_missing", 1)]),
        ("functions", "def own(logs): ...\ndef own(epoch, logs): ...", [("own_several", 2)]),
    ],
)
def test_faults_of_functions(kind: str, source: str, found: list[tuple[str, int]]) -> None:
    assert codes("own", source, kind) == found


def test_a_function_is_known_by_its_arguments() -> None:
    source = 'def own(epoch: int, logs=None, *, more=1):\n    """Says so.\n\n    At length."""\n'
    spec = spec_of("own", source, "functions")
    expected = ObjectSpec(
        name="own",
        kind=Kind.FUNCTION,
        qualified_name="own",
        category=OWN,
        summary="Says so.",
        help="At length.",
        code="c0",
        signature="epoch: int, logs=None, *, more=1",
    )
    assert spec == expected
    assert [kind for kind, section in load_catalog().objects.items() if not section] == [Kind.FUNCTION]


@pytest.mark.parametrize("kind", ["layers", "losses"])
def test_two_pieces_of_one_name(kind: str) -> None:
    """Also of different kinds: Keras knows both as `own>A`, and a script has one name for them."""
    document = design(
        ("layers", "A", "class A(Layer):\n  def call(self, x): ..."),
        (kind, "A", "class A(keras.Loss, Layer):\n  def call(self, x): ..."),
    )
    assert {piece: [fault.code for fault in faults] for piece, faults in source_faults(document).items()} == {
        "c1": ["own_clash"]
    }
    found = catalog_for(document).find(Kind.LAYER, "A")
    assert found is not None
    assert found.code == "c0"


def test_nothing_runs_and_the_result_is_remembered() -> None:
    document = design(("layers", "A", "raise SystemExit\nclass A(Layer):\n  def call(self, x): ..."))
    assert catalog_for(document) is catalog_for(document.model_copy(deep=True))
    assert catalog_for(GraphDocument()) is load_catalog()
    assert own_specs(GraphDocument()) == []


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=60),
    kind=st.sampled_from(get_args(CodeKind)),
    head=st.sampled_from(
        ["", "class A(Layer):\n  def call(self, x, ", "class A(Layer):\n  def __init__(self, a=", "def A("]
    ),
)
def test_no_text_makes_it_raise(text: str, kind: str, head: str) -> None:
    document = design((kind, "A", head + text))
    assert isinstance(source_faults(document), dict)
    assert catalog_for(document).version == load_catalog().version
