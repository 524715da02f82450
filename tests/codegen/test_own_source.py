"""The pieces of own code that a script carries: in their order, each name once."""

from typing import Any

import pytest

from app.catalog.own import catalog_for, own_specs
from app.codegen.own_source import defined_names, embed_code
from app.codegen.python_source import render_script
from app.document.model import Code, CodeKind, GraphDocument
from app.graph.plan import make_plan
from app.messages.data import BundledSource
from app.shared.errors import Invalid
from tests.graph.designs import chain

REGISTERED = '\n\n\nkeras.saving.register_keras_serializable(package="own")({})'


def code(*pieces: tuple[CodeKind, str, str]) -> dict[str, Code]:
    return {f"c{n}": Code(kind=kind, name=name, source=source) for n, (kind, name, source) in enumerate(pieces)}


def embedded(pieces: dict[str, Code], *used: str) -> list[str]:
    specs = own_specs(GraphDocument(code=pieces))
    return embed_code(pieces, [spec for spec in specs if spec.name in used])


def test_only_what_is_used_and_what_that_names() -> None:
    pieces = code(
        ("activations", "bent", "def bent(x):\n    return step(x)\n"),
        ("activations", "step", "def step(x):\n    return x\n"),
        ("functions", "tell", "LIMIT = 3\n\n\ndef tell(logs=None):\n    print(LIMIT)\n"),
        ("functions", "unused", "def unused(logs=None): ...\n"),
    )
    assert embedded(pieces, "bent", "tell") == [
        "def step(x):\n    return x" + REGISTERED.format("step"),
        "LIMIT = 3\n\n\ndef tell(logs=None):\n    print(LIMIT)",
        "def bent(x):\n    return step(x)" + REGISTERED.format("bent"),
    ]
    assert defined_names(pieces) == {"bent", "step", "tell", "LIMIT", "unused"}


def test_what_two_pieces_define_in_the_same_words_stands_once() -> None:
    shared = "import functools\n\nLIMIT = 3\n\n\n@functools.cache\ndef far(x):\n    return x * LIMIT\n\n\n"
    pieces = code(
        ("functions", "a", f"{shared}def a(logs):\n    far(1)\n"),
        ("functions", "b", f"{shared}# Nearer.\r\ndef b(logs):\n    far(2)\n"),
    )

    assert embedded(pieces, "a", "b") == [
        f"{shared}def a(logs):\n    far(1)",
        "import functools\n\n\n# Nearer.\ndef b(logs):\n    far(2)",
    ]


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (
            code(("activations", "far", "def far(x): ..."), ("functions", "far", "def far(logs): ...")),
            "Two pieces of own code are called far",
        ),
        (
            code(("functions", "a", "def a(logs):\n  b()"), ("functions", "b", "def b(logs):\n  a()")),
            "Pieces of own code name one another",
        ),
        (
            code(("functions", "a", "X = 1\ndef a(logs): ..."), ("functions", "b", "X = 2\ndef b(logs): ...")),
            "Two pieces of own code define X",
        ),
        (
            code(("functions", "a", "X = 1\nX = 2\ndef a(logs): ..."), ("functions", "b", "X = 1\ndef b(logs): ...")),
            "Two pieces of own code define X",
        ),
        (
            code(("functions", "a", "X = 1\ndef a(logs): ..."), ("functions", "b", "X = 1; Y = 2\ndef b(logs): ...")),
            "Two pieces of own code define X",
        ),
        (code(("functions", "main", "def main(logs): ...")), "The script itself needs the name main"),
    ],
    ids=["one name", "each other", "one constant", "several values", "one line", "reserved"],
)
def test_what_cannot_stand_in_one_script_is_refused(pieces: dict[str, Code], message: str) -> None:
    names = [piece.name for piece in pieces.values()]
    assert catalog_for(GraphDocument(code=pieces))
    with pytest.raises(Invalid, match=message):
        embedded(pieces, *names)


def script_of(pieces: dict[str, Code], *layers: tuple[str, str, dict[str, Any]], data: bool = False) -> str:
    """Return the script of a functional model of layers in a row."""
    found = chain(("x", "InputLayer", {"shape": [4]}), *layers, ("y", "Output", {}))
    meta = found.meta.model_copy(update={"model_class": "Functional"})
    document = found.model_copy(update={"code": pieces, "meta": meta})
    plan = make_plan(document, catalog_for(document))
    return render_script(plan, document, BundledSource(name="iris") if data else None).source


def test_no_variable_of_the_model_hides_own_code() -> None:
    pieces = code(("activations", "swoosh", "def swoosh(x):\n    return x * 2\n"))
    source = script_of(pieces, ("swoosh", "Dense", {"units": 2, "activation": "swoosh"}))
    assert '    dense_1 = layers.Dense(2, activation=swoosh, name="swoosh")(x)\n' in source


def test_a_class_of_own_code_is_made_by_the_names_of_its_parameters() -> None:
    source = """
import keras


class Mine(keras.layers.Layer):
    def __init__(self, *, units, position=0, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return x
"""
    pieces = code(("layers", "Mine", source))
    made = script_of(pieces, ("mine", "Mine", {"units": 3, "position": 7}))
    assert '    mine = Mine(units=3, position=7, name="mine")(x)\n' in made


@pytest.mark.parametrize("helper", ["def split(x):\n    return x\n", "from functools import partial as split\n"])
def test_own_code_and_the_script_define_no_name_both(helper: str) -> None:
    pieces = code(("activations", "bent", f"{helper}def bent(x):\n    return split(x)\n"))
    layer = ("a", "Activation", {"activation": "bent"})
    assert "def bent(x)" in script_of(pieces, layer)
    with pytest.raises(Invalid, match="The script itself defines split"):
        script_of(pieces, layer, data=True)
