"""Files of weights rewritten into one safe form: a zip archive of plain arrays with an index, and nothing else.

A native parser (HDF5) or a long text reads what people upload, so this happens in the sandbox. What it writes is read
by `app.worker.weights.start` with numpy alone, without pickle.
"""

import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.messages.weights import (
    MAX_DIMENSIONS,
    MAX_LAYERS,
    MAX_WEIGHTS,
    MAX_WORDS,
    ConvertWeightsRequest,
    LayerWeights,
    StoredLayer,
    WordVectors,
)
from app.shared.errors import Invalid
from app.worker.imports.hdf5 import SIGNATURE, open_checked

INDEX: Final = "index.json"
WORDS: Final = "words.txt"
VECTORS: Final = "vectors.npy"

_SHOWN_WORDS: Final = 20
_MAX_NOTES: Final = 20
_MAX_LINE: Final = 200_000
_MAX_MEMBER: Final = 32 * 2**30
_WEIGHTS_MEMBER: Final = "model.weights.h5"

Array = NDArray[Any]


class BadWeights(Invalid):
    """A file holds no weights that can be read."""

    code = "bad_weights"


def convert(request: ConvertWeightsRequest) -> LayerWeights | WordVectors:
    """Rewrite the file at `path` to `target` and say what it holds; raise `BadWeights`, `BadHdf5` or `TooLarge`."""
    path, target = Path(request.path), Path(request.target)
    with path.open("rb") as file:
        start = file.read(8)
    if start == SIGNATURE:
        return _convert_hdf5(path, target)
    if start.startswith(b"PK"):
        return _convert_archive(path, target)
    return _convert_vectors(path, target)


def _convert_archive(path: Path, target: Path) -> LayerWeights:
    """Take the weights, and nothing else, out of a `.keras` archive."""
    inner = target.with_name("inner.h5")
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(_WEIGHTS_MEMBER)
            if member.file_size > _MAX_MEMBER:
                raise _bad("The weights in this archive are too large.", f"{member.file_size:,} bytes")
            with archive.open(member) as source, inner.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        return _convert_hdf5(inner, target)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _bad("This archive holds no weights of Keras.", str(error)) from error
    finally:
        inner.unlink(missing_ok=True)


# --- HDF5 -------------------------------------------------------------------------------------------------------------


def _convert_hdf5(path: Path, target: Path) -> LayerWeights:
    with open_checked(path) as file:
        found = _layers(file)
        if not found:
            raise _bad("This HDF5 file holds no weights of layers.", "none")
        if len(found) > MAX_LAYERS or sum(map(len, found.values())) > MAX_WEIGHTS:
            raise _bad("This file holds too many weights.", f"{len(found):,} layers")
        layers = [
            StoredLayer(name=name, shapes={place: list(data.shape) for place, data in held.items()})
            for name, held in found.items()
        ]
        contents = LayerWeights(layers=layers)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            archive.writestr(INDEX, contents.model_dump_json())
            for number, held in enumerate(found.values()):
                for order, data in enumerate(held.values()):
                    _write_array(archive, member_name(number, order), data[()])
    return contents


def _layers(file: Any) -> dict[str, dict[str, Any]]:
    try:
        return dict(_older_layers(file) if _is_older(file) else layers_in(file))
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise _bad("This HDF5 file is not laid out as Keras does.", f"{type(error).__name__}: {error}") from error


def member_name(layer: int, weight: int) -> str:
    """Return the name of the array of a layer's weight, both counted as in the index."""
    return f"{layer}/{weight}.npy"


def _is_older(file: Any) -> bool:
    return "model_weights" in file or bool({"layer_names", "layer_names0"} & file.attrs.keys())


def layers_in(file: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers of a file of Keras 3, by the path of their names, with their arrays by place.

    Each layer's group is called after its class; its name is an attribute of the variables in it.
    """
    yield from _below(file, "")


def _below(group: Any, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "layers" not in group:
        return
    for key in group["layers"]:
        member = group["layers"][key]
        name = _text(member["vars"].attrs.get("name", key) if "vars" in member else key)
        if "layers" in member:
            yield from _below(member, f"{prefix}{name}/")
        held = dict(_arrays(member, ""))
        if held:
            yield f"{prefix}{name}", held


def _arrays(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the numeric arrays of a layer, those of a random generator aside: seeds are the run's own."""
    for key in group:
        member = group[key]
        if key == "seed_generator" or (key == "layers" and not prefix):
            continue
        if hasattr(member, "dtype"):
            if member.dtype.kind in "fiub" and member.shape is not None:
                yield f"{prefix}{key}", member
        else:
            yield from _arrays(member, f"{prefix}{key}/")


def _older_layers(file: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers of a file of Keras 2: arrays in the order of the layer's weights."""
    root = file.get("model_weights", file)
    for name in _names(root, "layer_names") or list(root):
        group = root[name]
        names = _names(group, "weight_names")
        held = {str(order): group[each] for order, each in enumerate(names) if hasattr(group[each], "dtype")}
        if held:
            yield name, held


def _names(group: Any, attribute: str) -> list[str]:
    """Return the names in an attribute of a group; Keras parts a long one into `name0`, `name1` and so on."""
    parts = [attribute] if attribute in group.attrs else []
    if not parts:
        parts = list(takewhile(group.attrs.__contains__, (f"{attribute}{number}" for number in count())))
    return [_text(each) for part in parts for each in group.attrs[part]]


def _text(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))[:200]


def _write_array(archive: zipfile.ZipFile, name: str, array: Any) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


# --- word vectors -----------------------------------------------------------------------------------------------------


def _convert_vectors(path: Path, target: Path) -> WordVectors:
    """Read a line a word, `word n1 n2 ...`; a first line of two numbers is the head of word2vec."""
    raw = target.with_name("vectors.raw")
    try:
        return _convert_lines(path, target, raw)
    finally:
        raw.unlink(missing_ok=True)


def _convert_lines(path: Path, target: Path, raw: Path) -> WordVectors:
    words: dict[str, None] = {}
    notes: list[str] = []
    dimensions = 0
    with path.open("rb") as lines, raw.open("wb") as vectors:
        for number, line in enumerate(_lines(lines), start=1):
            fields = line.rstrip().split(" ")
            if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                continue
            if not line.strip():
                continue
            dimensions = dimensions or len(fields) - 1
            word, vector = _read_line(fields, dimensions, number)
            if word in words:
                if len(notes) < _MAX_NOTES:
                    notes.append(f"Line {number:,}: the word {word[:40]!r} is there twice; the first one counts.")
                continue
            words[word] = None
            vectors.write(vector.tobytes())
            if len(words) > MAX_WORDS:
                raise _bad(f"There are more than {MAX_WORDS:,} words.", "more")
    if not words:
        raise _bad("This file holds no word vectors.", "an empty file")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        contents = WordVectors(words=len(words), dimensions=dimensions, first=list(words)[:_SHOWN_WORDS], notes=notes)
        archive.writestr(INDEX, contents.model_dump_json())
        archive.writestr(WORDS, "\n".join(words))
        _write_array(archive, VECTORS, np.memmap(raw, np.float32, "r", shape=(len(words), dimensions)))
    return contents


def _lines(file: Any) -> Iterable[str]:
    number = 0
    while line := file.readline(_MAX_LINE + 1):
        number += 1
        if len(line) > _MAX_LINE:
            raise _bad(f"Line {number:,} is too long for a word and its vector.", f"over {_MAX_LINE:,} bytes")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _bad(f"Line {number:,} is no text in UTF-8.", str(error)) from error


def _read_line(fields: list[str], dimensions: int, number: int) -> tuple[str, Array]:
    """Split a line from its end, since a word of GloVe may hold spaces."""
    if dimensions < 1 or dimensions > MAX_DIMENSIONS or len(fields) <= dimensions:
        raise _bad(
            f"Line {number:,} is no word vector.",
            f"{len(fields)} fields",
            f"a word and {dimensions or 'some'} numbers, separated by spaces",
        )
    try:
        vector = np.array(fields[-dimensions:], dtype=np.float32)
    except ValueError as error:
        raise _bad(f"Line {number:,} holds something that is no number.", str(error)) from error
    if not np.isfinite(vector).all():
        raise _bad(f"Line {number:,} holds a number that is not finite.", " ".join(fields)[:80])
    word = " ".join(fields[:-dimensions])
    if not word or re.search(r"[\r\n]", word):
        raise _bad(f"Line {number:,} has no word.", " ".join(fields)[:80])
    return word, vector


def _bad(message: str, received: str, expected: str = "") -> BadWeights:
    return BadWeights(
        message,
        expected=expected or "a .weights.h5, .keras or .h5 file of Keras, or word vectors as text",
        received=received[:200],
        hint="Save the weights again with model.save_weights('name.weights.h5').",
    )
