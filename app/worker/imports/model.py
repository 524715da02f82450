"""A model file turned into a design. The file is data: Keras is not asked to load it."""

from pathlib import Path

from app.catalog.model import Catalog
from app.document.read import find_design_file
from app.messages.analysis import ImportedModel
from app.worker.imports.architecture import read_config
from app.worker.imports.drawn import import_config
from app.worker.imports.python.script import NOTEBOOK
from app.worker.imports.python.source import read_script


def import_model(path: Path, filename: str, catalog: Catalog) -> ImportedModel:
    """Return the design of the model at `path`, with what became of each layer.

    The file is a `.keras` archive, a whole model in HDF5, the JSON of an architecture, a Python script, a notebook,
    or a design file. Raises `NotAModel`, `NotPython`, `BadArchive`, `BadHdf5`, `Invalid` or `TooLarge`. A layer
    outside the catalog becomes a placeholder, not an error. HDF5 is parsed by native code: what was uploaded is read
    in a sandbox.
    """
    if filename.lower().endswith((".py", NOTEBOOK)):
        return read_script(path, filename, catalog)
    own = find_design_file(path)
    if own is not None:
        return ImportedModel(document=own, layers=[])
    return import_config(read_config(path, filename), filename, catalog)
