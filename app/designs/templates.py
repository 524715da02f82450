"""The gallery of ready designs: plain design files, read as they are committed."""

import json
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from app.document.model import GraphDocument
from app.document.read import read_document
from app.shared.errors import NotFound


class Template(BaseModel):
    """A design to start from. `parameters` is the count that Keras gives, `dataset` the one it trains on, if any."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    summary: str
    category: str
    parameters: int
    dataset: str | None
    document: GraphDocument


@cache
def load_templates() -> tuple[Template, ...]:
    """Return every template, in gallery order, read once."""
    folder = resources.files("app.designs").joinpath("templates")
    entries = json.loads(folder.joinpath("index.json").read_text("utf-8"))
    return tuple(
        _template(entry, read_document(folder.joinpath(f"{entry['name']}.json").read_bytes())) for entry in entries
    )


def get_template(name: str) -> Template:
    """Return the template `name`; raise `NotFound` when the gallery has none of that name."""
    for template in load_templates():
        if template.name == name:
            return template
    raise NotFound(
        "There is no template of this name.",
        expected=", ".join(template.name for template in load_templates()),
        received=repr(name)[:200],
        hint="Choose one from the gallery.",
    )


def _template(entry: dict[str, str], document: GraphDocument) -> Template:
    return Template.model_validate(
        {
            **entry,
            "title": document.meta.name,
            "summary": document.meta.description,
            "dataset": document.training.dataset,
            "document": document,
        }
    )
