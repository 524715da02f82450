"""Own code as the sandboxed process holds it: executed once, found by kind and name, forgotten as a whole."""

import linecache
import sys
from collections.abc import Iterator

import keras
import pytest

from app.catalog.model import Kind
from app.document.model import Code, CodeKind, GraphDocument
from app.worker import sandbox
from app.worker.building import own_code

SCALE = "import keras\n\n\nclass Scale(keras.layers.Layer):\n    def call(self, x):\n        return x\n"
TELL = "def tell(logs=None):\n    raise ValueError('told')\n"


@pytest.fixture(autouse=True)
def may_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process execute the code of these tests, which a sandboxed process alone does otherwise."""
    monkeypatch.setattr(sandbox, "entered", lambda: True)
    yield
    own_code.clear()


def design(*pieces: tuple[CodeKind, str, str]) -> GraphDocument:
    code = {f"c-{n}": Code(kind=kind, name=name, source=source) for n, (kind, name, source) in enumerate(pieces)}
    return GraphDocument(code=code)


def test_what_is_loaded_is_found_by_kind_and_name_and_forgotten_as_a_whole() -> None:
    document = design(("layers", "Scale", SCALE), ("functions", "tell", TELL))
    own_code.load(document)
    scale, tell = own_code.find(Kind.LAYER, "Scale"), own_code.find(Kind.FUNCTION, "tell")
    own_code.load(document.model_copy(deep=True))
    assert own_code.find(Kind.LAYER, "Scale") is scale
    assert keras.saving.get_registered_object("own>Scale") is scale
    assert keras.saving.get_registered_object("own>tell") is None
    with pytest.raises(ValueError, match="told") as raised:
        tell()
    assert str(own_code.locate(raised.value)) == "line 2 of tell"

    own_code.clear()
    for kind, name in ((Kind.LAYER, "Scale"), (Kind.FUNCTION, "tell")):
        with pytest.raises(own_code.OwnCodeNotLoaded):
            own_code.find(kind, name)
    assert keras.saving.get_registered_object("own>Scale") is None
    assert not [name for name in (*sys.modules, *linecache.cache) if name.startswith(("own_c_", "<code "))]
    assert own_code.locate(raised.value) is None


@pytest.mark.parametrize(
    ("source", "received"),
    [
        ("x = 1\nraise SystemExit(3)\n", "SystemExit: 3, in line 2 of tell"),
        ("undefined\n", "NameError: name 'undefined' is not defined, in line 1 of tell"),
        ("def tell(:\n", "SyntaxError: invalid syntax (<code tell>, line 1), in line 1 of tell"),
        ("def other(): ...\n", "other"),
        ("tell = 3\n", "nothing that is one"),
    ],
)
def test_code_that_cannot_be_executed_says_why(source: str, received: str) -> None:
    with pytest.raises(own_code.OwnCodeFailed) as raised:
        own_code.load(design(("functions", "tell", source)))
    assert raised.value.received == received


def test_two_pieces_of_one_name_are_refused() -> None:
    with pytest.raises(own_code.OwnCodeFailed, match="Two pieces of own code are called tell"):
        own_code.load(design(("functions", "tell", TELL), ("activations", "tell", TELL)))
