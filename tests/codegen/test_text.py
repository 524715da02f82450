"""The law of text: whatever stands in a design's texts, its script is the same program, and the text is a constant.

Every text of a whole design is replaced in turn and at random, keys included. A text is refused with words, or the
script has the syntax tree that it had before, its texts blanked and its variables numbered. Another key or class may
leave something out, and brings nothing new.
"""

import ast
import json
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import ValidationError

from app.catalog.own import catalog_for
from app.codegen.notebook import render_notebook
from app.codegen.python_source import Script, render_script
from app.document.model import GraphDocument
from app.graph.check import survey
from app.graph.plan import plan_of
from app.messages.data import CsvSource
from app.shared.errors import AppError

CASES: Final = 2_000
SOAK_CASES: Final = 100_000

Json = Any
Path = tuple[str | int, ...]


def layer(class_name: str, name: str, **params: Any) -> Json:
    return {"class_name": class_name, "name": name, "params": params}


DESIGN: Final[Json] = {
    "meta": {
        "name": "A design",
        "description": "What it is for.",
        "model_name": "a model",
        "model_class": "Functional",
    },
    "graphs": {"g": {"name": "an encoder"}},
    "layers": {
        "x": layer("InputLayer", "an input", shape=[8]),
        "t": layer("InputLayer", "a table", shape=[4, 2]),
        "e": layer("Model", "a part", graph="g"),
        "a": layer("Expression", "a line", expression="x * 2 + 1"),
        "s": layer("ops.getitem", "a slice", key=":, 0"),
        "m": layer("ops.mean", "an average", axis=1),
        "h": {
            **layer("Dense", "a head", units=3, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}}),
            "weights": {"source": "upload", "id": "a file", "layer": "another head"},
        },
        "d": {
            **layer("Dense", "dense", units=3),
            "weights": {"source": "run", "id": "a run", "layer": "an older one"},
        },
        "w": layer("TimeDistributed", "each", layer={"class_name": "Dense", "config": {"units": 2, "name": "inner"}}),
        "v": layer("Flatten", "flat"),
        "mo": layer("Output", "an average of slices"),
        "o": layer("Output", "an answer"),
        "p": layer("Output", "another answer"),
        "gx": layer("InputLayer", "inner input", shape=[8]),
        "gd": layer("Dense", "inner dense", units=8, activation={"class_name": "relu", "config": {}}),
        "go": layer("Output", "inner output"),
        "l": layer("StringLookup", "words", vocabulary=["one", "two"], oov_token="[none]", output_mode="int"),
        "ls": layer("InputLayer", "a word", shape=[1], dtype="string"),
        "lo": layer("Output", "an index"),
        "q": layer("PlainScale", "own", word="a word of one's own"),
        "qo": layer("Output", "own answer"),
    },
    "nodes": {
        **{key: {"layer": key, "note": f"Why {key} is here.", "color": "blue"} for key in "xteasmhdwvop"},
        **{
            key: {"layer": key, "note": "Words, and a line\nmore of them."}
            for key in ("ls", "l", "lo", "q", "qo", "mo")
        },
        **{key: {"layer": key, "graph": "g", "note": "inside"} for key in ("gx", "gd", "go")},
    },
    "edges": {
        key: {}
        for key in (
            "x:output->e:inputs.0",
            "gx:output->gd:input",
            "gd:output->go:input",
            "e:outputs.0->a:inputs.0",
            "a:output->h:input",
            "h:output->o:input",
            "t:output->w:input",
            "w:output->v:input",
            "t:output->s:x",
            "s:output->m:x",
            "m:output->mo:input",
            "v:output->d:input",
            "d:output->p:input",
            "ls:output->l:input",
            "l:output->lo:input",
            "x:output->q:input",
            "q:output->qo:input",
        )
    },
    "code": {
        "k": {
            "kind": "layers",
            "name": "PlainScale",
            "source": "import keras\n\n\nclass PlainScale(keras.layers.Layer):\n"
            "    def __init__(self, word: str = 'none', **kwargs):\n        super().__init__(**kwargs)\n"
            "        self.word = word\n\n    def call(self, inputs):\n        return inputs\n",
        }
    },
    "training": {
        "dataset": "upload:a table",
        "optimizer": {
            "class_name": "Adam",
            "config": {
                "name": "an optimizer",
                "learning_rate": {
                    "class_name": "ExponentialDecay",
                    "config": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5, "name": "a decay"},
                },
            },
        },
        "losses": {"o": {"class_name": "MeanSquaredError", "config": {"name": "a loss"}}},
        "metrics": {"p": {"1": {"class_name": "MeanAbsoluteError", "config": {"name": "a metric"}}}},
        "callbacks": {
            "1": {"class_name": "CSVLogger", "config": {"filename": "a log", "separator": ";"}},
            "2": {"class_name": "EarlyStopping", "config": {"monitor": "a figure"}},
            "3": {"class_name": "ModelCheckpoint", "config": {"filepath": "a.keras", "monitor": "another"}},
            "4": {"class_name": "RemoteMonitor", "config": {"root": "https://a.example", "path": "/p", "field": "f"}},
            "5": {"class_name": "TensorBoard", "config": {"log_dir": "a folder"}},
            "6": {"class_name": "LearningRateScheduler", "config": {"schedule": "lr * 0.9 ** epoch"}},
        },
        "fit": {"class_weight": {"a class": 2.0}},
        "weights": {"source": "upload", "id": "another file"},
    },
}

TABLE: Final[Json] = {
    "source": "csv",
    "path": "/a/path",
    "options": {"targets": ["a column"], "features": ["one", "another"], "task": "regression"},
}

WHOLE: Final[Json] = {"design": DESIGN, "table": TABLE, "file": "a table.csv"}


def texts(value: Json, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Yield where a text stands in `value`, and whether it is a key."""
    if isinstance(value, dict):
        for key in value:
            yield (*path, key), True
            yield from texts(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
    elif isinstance(value, str):
        yield path, False


def replaced(value: Json, path: Path, key: bool, text: str) -> Json:
    if not path:
        return text
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        return [replaced(item, rest, key, text) if index == first else item for index, item in enumerate(value)]
    if key and not rest:
        return {text if name == first else name: item for name, item in value.items()}
    return {name: replaced(item, rest, key, text) if name == first else item for name, item in value.items()}


SOURCE: Final = ("design", "code", "k", "source")
PLACES: Final = [(path, key) for path, key in texts(WHOLE) if len(path) > key and path != SOURCE]
"""Every text and every key; the text of own code is a program, and goes as it is."""


def written(whole: Json) -> Script | None:
    """Return the script of a design and its table; None when they are refused with words."""
    try:
        document = GraphDocument.model_validate(whole["design"])
        found = survey(document, catalog_for(document))
        if any(problem.severity == "error" for problem in found.problems):
            return None
        data = CsvSource.model_validate(whole["table"])
        return render_script(plan_of(found), document, data, csv_name=whole["file"])
    except (AppError, ValidationError):
        return None


def functions(script: Script) -> dict[str, str]:
    """Return the functions that a script defines, by name, numbered."""
    tree = ast.parse(script.source.encode())
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {name: f"f{number}" for number, name in enumerate(defined)}


def shape(source: str, numbered: dict[str, str] | None = None) -> str:
    """Return the syntax tree of Python, from the bytes that would be in its file: texts blank, variables numbered.

    `numbered` are names that have a number already.
    """
    tree = ast.parse(source.encode())
    names = dict(numbered or {})
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                names.setdefault(name, f"v{len(names)}")
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str()):
                node.value = ""
            case ast.Name():
                node.id = names.get(node.id, node.id)
            case ast.arg():
                node.arg = names[node.arg]
            case ast.FunctionDef():
                node.name = names[node.name]
    return ast.dump(tree)


def vocabulary(source: str) -> set[str]:
    """Return all that a script can do with: kinds of syntax, names that it does not bind, attributes and arguments."""
    tree = ast.parse(source.encode())
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found = set()
    for node in ast.walk(tree):
        found.add(type(node).__name__)
        match node:
            case ast.Name(id=name) if name not in bound:
                found.add(name)
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
    return found


def changes(script: Script, before: Script) -> Iterator[str]:
    """Yield what is another program than before: of the file as it would be written, and of the notebook's cells."""
    ours, theirs = functions(script), functions(before)
    if [part.title for part in script.sections] != [part.title for part in before.sections]:
        yield "sections"
        return
    for part, earlier in zip(script.sections, before.sections, strict=True):
        if part != earlier and shape(part.text, ours) != shape(earlier.text, theirs):
            yield part.text
    notebook, older = (json.loads(render_notebook(each))["cells"] for each in (script, before))
    for cell, earlier in zip(notebook, older, strict=True):
        if cell["cell_type"] == "markdown":
            same = cell == earlier
        else:
            same = cell["source"] in {part.text for part in script.sections} or cell == earlier
        if not same:
            yield cell["source"]


PIECES: Final = [
    *(
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "\\\\",
        "\\n",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\0",
    ),
    *("#", "# ", "%", "!", "!rm -rf x", "%%bash\n", "?", ";", ":", ",", "(", ")", "[", "]", "{", "}", "=", "*", "**"),
    *("{{ 7 * 7 }}", "{% raw %}", "{# x #}", "${x}", "\\N{BULLET}", "\\x41", "\\u0041", "f'{x}'", "%s", "{0}", "{x!r}"),
    *('"); import os; os.system("x")  #', "'); import os\n", "\nimport os\n", "__import__('os')", "exec(", "lambda: 0"),
    *("# -*- coding: utf-7 -*-", "coding: utf-7\n+AAo-import os+AAo-", "+AAo-", "# coding: utf_16", "\ufeff", "-*-"),
    *(
        "\u202e",
        "\u2066",
        "\ud800",
        "\udfff",
        "\U0001f600",
        "é",
        "ﬁ",
        "ª",
        "\u0300",
        "\u200d",
        "а",
        "x",
        "1",
        " ",
        "a b",
    ),
    *("if __name__ == '__main__':", "main()", "build_model", "keras", "class", "None", "self", "_", "__class__"),
    *("<script>", "-->", "\x1b[31m", "../../x", "C:\\x", "/etc/passwd", "a.b", "a>b", "a/b"),
]


def hostile(chance: random.Random) -> str:
    parts = chance.choices(PIECES, k=chance.choice((1, 1, 2, 3, 5, 8)))
    if chance.random() < 0.3:
        parts += [chr(chance.choice((chance.randrange(0x100), chance.randrange(0x110000)))) for _ in range(4)]
    return "".join(parts)


BEFORE: Final = written(WHOLE)
LINES: Final = {
    ("design", "training", "callbacks", "6", "config", "schedule"),
    ("design", "layers", "a", "params", "expression"),
    ("design", "layers", "s", "params", "key"),
}
"""Lines of a small language, which may be other lines of it: those are held by the tests of each language."""


FREE: Final = frozenset(
    {
        *("name", "model_name", "description", "note", "color", "word", "monitor", "filename", "filepath", "separator"),
        *("field", "oov_token", "path", "file", "id", 0, 1),
    }
)
"""The last steps to texts that mean nothing to a script; another class or another kind may leave something out."""


def is_free(path: Path) -> bool:
    return path[-1] in FREE and "code" not in path


def check(cases: int, seed: int) -> dict[Path, int]:
    """Try `cases` designs with texts replaced; return how often the text of each place was taken."""
    assert BEFORE is not None
    words = vocabulary(BEFORE.source)
    chance, taken = random.Random(seed), dict.fromkeys((path for path, key in PLACES if not key), 0)
    turns = PLACES + [(path, key) for path, key in PLACES if not key]
    for number in range(cases):
        count = chance.choice((1, 1, 1, 2, 4))
        places = [turns[number % len(turns)], *chance.sample(PLACES, count - 1)]
        whole, changed = WHOLE, []
        for path, key in sorted(places, key=lambda place: (place[1], -len(place[0]))):
            if path not in LINES:
                text = hostile(chance)
                whole = replaced(whole, path, key, text)
                changed.append((path, key, text))
        script = written(whole)
        if script is None:
            continue
        if all(is_free(path) and not key for path, key, _ in changed):
            assert list(changes(script, BEFORE)) == [], changed
        else:
            assert vocabulary(script.source) - words == set(), changed
        for path, key, _ in changed:
            taken[path] = taken.get(path, 0) + (not key)
    return taken


def test_every_text_stays_text() -> None:
    taken = check(CASES, seed=1)
    assert [path for path, count in taken.items() if is_free(path) and not count] == []


@pytest.mark.soak
def test_every_text_stays_text_in_a_hundred_thousand_designs() -> None:
    taken = check(SOAK_CASES, seed=2)
    assert [path for path, count in taken.items() if is_free(path) and count < 50] == []


def test_a_change_of_the_program_is_seen() -> None:
    assert BEFORE is not None
    assert shape(BEFORE.source) != shape(BEFORE.source + "import os\n")
    assert shape("x = 'a'  # b\n") == shape('y = """c"""\n')
    assert shape("x = 'a'\n") != shape("x = 'a'.upper()\n")
