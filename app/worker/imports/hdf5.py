"""HDF5 files of Keras, read after a look at their links and sizes.

`h5py` parses a native format: for files that were uploaded, call these only in a sandboxed process.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.worker.imports.errors import BadHdf5, NotAModel, too_large
from app.worker.imports.json_data import MAX_CONFIG, parse_json

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS: Final = 100_000
MAX_LEVELS: Final = 64
MAX_DECLARED: Final = 64 * 2**30
"""Bytes that all data sets of a file may declare together."""

MAX_RATIO: Final = 250
"""How many times the size of the file its data sets may declare, above a mebibyte."""


def read_model_config(path: Path, filename: str) -> dict[str, Any]:
    """Return the architecture of a whole model in HDF5, with its `compile_config`; raise `NotAModel` or `BadHdf5`."""
    with open_checked(path) as file:
        text = _attribute(file, "model_config")
        training = _attribute(file, "training_config")
        version = _attribute(file, "keras_version") or b""
    if text is None:
        raise NotAModel(
            "This file holds weights, but no model.",
            expected="an HDF5 file that model.save() wrote, with the attribute model_config",
            received=filename,
            hint="Import the model itself, and choose this file as weights in a layer's settings.",
        )
    data = parse_json(text, filename)
    if training is not None:
        data["compile_config"] = _parsed(training)
    data.setdefault("keras_version", version.decode("utf-8", "replace")[:20])
    return data


def open_checked(path: Path) -> Any:
    """Open an HDF5 file whose links and declared sizes have been looked at; raise `BadHdf5` or `TooLarge`."""
    file = _opened(path)
    try:
        _check(file, path.stat().st_size)
    except BaseException:
        file.close()
        raise
    return file


def _opened(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r", locking=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise BadHdf5(
            "This HDF5 file is damaged.",
            expected="a complete HDF5 file",
            received=str(error)[:200],
            hint="The file may be cut short; save or copy it again.",
        ) from error


def _check(file: Any, size: int) -> None:
    """Raise `BadHdf5` or `TooLarge` for links, circles, and data sets that declare far more than is there."""
    declared = 0
    for name, dataset in _datasets(file):
        created = dataset.id.get_create_plist()
        if created.get_external_count() or dataset.is_virtual:
            raise _untrusted("A data set of this file keeps its values in another file.", name)
        declared += math.prod(dataset.shape or (0,)) * int(dataset.dtype.itemsize)
        if declared > max(2**20, size * MAX_RATIO):
            raise _untrusted(
                "The data sets of this file declare far more than it holds.", f"{name}: {declared:,} bytes"
            )
    if declared > MAX_DECLARED:
        raise too_large("model", declared, MAX_DECLARED)


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield every data set with its path; refuse links that are not plain, and groups that hold themselves."""
    import h5py

    waiting: list[tuple[str, Any, int]] = [("", file["/"], 0)]
    seen = {_address(file["/"])}
    count = 0
    try:
        while waiting:
            path, group, level = waiting.pop()
            for name in group:
                count += 1
                place = f"{path}/{name}"
                if count > MAX_OBJECTS or level > MAX_LEVELS:
                    raise _untrusted("This file holds far more than a model.", f"{count:,} objects, {level} levels")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise _untrusted("This file links to elsewhere.", place)
                member = group[name]
                if isinstance(member, h5py.Dataset):
                    yield place, member
                elif isinstance(member, h5py.Group):
                    if _address(member) in seen:
                        raise _untrusted("A group of this file is in it twice.", place)
                    seen.add(_address(member))
                    waiting.append((place, member, level + 1))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadHdf5(
            "This HDF5 file is damaged.", expected="a complete HDF5 file", received=str(error)[:200]
        ) from error


def _address(group: Any) -> tuple[int, int]:
    import h5py

    info = h5py.h5o.get_info(group.id)
    return int(info.fileno), int(info.addr)


def _attribute(file: Any, name: str) -> bytes | None:
    """Return a text attribute of the file, or None; refuse one that is no single text, or too long."""
    try:
        if name not in file.attrs:
            return None
        held = file.attrs.get_id(name)
        if held.shape not in ((), (1,)) or held.dtype.kind not in "SO" or held.get_storage_size() > MAX_CONFIG:
            raise _untrusted(f"The attribute {name} of this file is no text.", str(held.shape))
        value = file.attrs[name]
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise BadHdf5(
            "This HDF5 file is damaged.", expected="a complete HDF5 file", received=str(error)[:200]
        ) from error
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise _untrusted(f"The attribute {name} of this file is no text.", type(value).__name__)


def _parsed(text: bytes) -> dict[str, Any]:
    """Return the parsed training configuration; none where it cannot be read, since the model can be had without."""
    if len(text) > MAX_CONFIG:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _untrusted(message: str, received: str) -> BadHdf5:
    return BadHdf5(message, expected="plain groups and data sets", received=received[:200], hint="Do not trust it.")
