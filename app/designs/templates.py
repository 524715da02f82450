"""The gallery of ready designs: plain design files, read as they are committed.

The architectures of `keras.applications` are generated (`python -m app.worker applications`): their designs are
compressed, and what the gallery shows of them stands in an index, so that no list has to read them.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.designs.projection import thumbnail
from app.designs.schemas import Reference, TemplateView
from app.document.model import GraphDocument
from app.document.read import read_document
from app.shared.errors import NotFound


class Template(BaseModel):
    """A design to start from. `parameters` is the count that Keras gives, `dataset` the one it trains on, if any.

    `data` says in a sentence what data fits, `reference` where the architecture comes from.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    summary: str
    category: str
    parameters: int
    dataset: str | None
    data: str
    reference: Reference
    document: GraphDocument


@cache
def load_templates() -> tuple[Template, ...]:
    """Return every template but the applications, in gallery order, read once."""
    return tuple(
        _template(entry, read_document(_folder().joinpath(f"{entry['name']}.json").read_bytes()))
        for entry in _entries("index.json")
    )


@cache
def list_template_views() -> list[TemplateView]:
    """Return what the gallery shows of every template, applications last."""
    own = [
        TemplateView(thumbnail=thumbnail(template.document), **template.model_dump(exclude={"document"}))
        for template in load_templates()
    ]
    return [*own, *(TemplateView.model_validate(entry) for entry in _entries("applications.json"))]


def get_template(name: str) -> Template:
    """Return the template `name`; raise `NotFound` when the gallery has none of that name."""
    for template in load_templates():
        if template.name == name:
            return template
    for entry in _entries("applications.json"):
        if entry["name"] == name:
            packed = _folder().joinpath("applications", f"{name}.json.gz").read_bytes()
            return _template(entry, read_document(gzip.decompress(packed)))
    raise NotFound(
        "There is no template of this name.",
        expected=", ".join(_names()),
        received=repr(name)[:200],
        hint="Choose one from the gallery.",
    )


def _names() -> Iterator[str]:
    yield from (template.name for template in load_templates())
    yield from (entry["name"] for entry in _entries("applications.json"))


def _folder() -> Any:
    return resources.files("app.designs").joinpath("templates")


@cache
def _entries(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(_folder().joinpath(name).read_text("utf-8"))
    return entries


def _template(entry: Mapping[str, Any], document: GraphDocument) -> Template:
    return Template.model_validate(
        {
            **{name: value for name, value in entry.items() if name != "thumbnail"},
            "title": document.meta.name,
            "summary": document.meta.description,
            "dataset": document.training.dataset,
            "document": document,
        }
    )
