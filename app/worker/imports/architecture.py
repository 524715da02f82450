"""The architecture in a model file, as data: nothing in it is loaded, unpickled or executed."""

from pathlib import Path
from typing import Any, Final

from app.worker.imports.archive import read_archive
from app.worker.imports.errors import NotAModel, too_large
from app.worker.imports.hdf5 import SIGNATURE, read_model_config
from app.worker.imports.json_data import MAX_CONFIG, parse_json
from app.worker.imports.vocabularies import with_vocabularies

_WANTED: Final = "a .keras or .h5 file, the JSON of model.to_json(), or a Python script"


def read_config(path: Path, filename: str) -> dict[str, Any]:
    """Return the architecture in the file at `path`: `.keras`, HDF5, or the JSON of `model.to_json()`.

    Raises `NotAModel`, `BadArchive`, `BadHdf5` or `TooLarge`. HDF5 is parsed by native code: what was
    uploaded is read in a sandbox.
    """
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK"):
        config, vocabularies = read_archive(path)
        return with_vocabularies(parse_json(config, filename), lambda member: _text(vocabularies.get(member)))
    if start.startswith(SIGNATURE):
        return read_model_config(path, filename)
    if start.lstrip().startswith((b"{", b"\xef\xbb\xbf{")):
        size = path.stat().st_size
        if size > MAX_CONFIG:
            raise too_large("architecture", size, MAX_CONFIG)
        return parse_json(path.read_bytes(), filename)
    raise NotAModel(
        f"{filename} is not a zip archive, as a .keras file is, and not JSON."
        if filename.endswith(".keras")
        else f"{filename} is not a Keras model.",
        expected=_WANTED,
        received=f"a file that begins with {start[:16]!r}",
        hint="Save the model with model.save('model.keras') and import that file.",
    )


def _text(found: bytes | None) -> str | None:
    return None if found is None else found.decode("utf-8", "replace")
