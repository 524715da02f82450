"""What the designs routes send and receive."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.accounts.principal import RoleWord
from app.accounts.schemas import Person
from app.document.model import GraphDocument
from app.messages.analysis import MAX_SCRIPT, Analysis, LayerReport

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Thumbnail(BaseModel):
    """A design as a small picture: nodes as `[x, y, category]` in pixels, edges as pairs of node indices."""

    nodes: list[tuple[float, float, str]]
    edges: list[tuple[int, int]]


class DesignSummary(BaseModel):
    """One card of the list. `parameters` is null until Keras has counted them."""

    id: str
    name: str
    role: RoleWord
    owner: Person
    created_at: datetime
    updated_at: datetime
    nodes: int
    parameters: int | None
    thumbnail: Thumbnail | None


class DesignDetail(BaseModel):
    """A design. `epoch` names the generation of its shared document."""

    id: str
    name: str
    role: RoleWord
    epoch: str
    created_at: datetime
    updated_at: datetime
    owner: Person


class NewDesign(_Request):
    """A design from nothing, from a template, or from a document."""

    name: Title | None = None
    template: str | None = Field(default=None, max_length=200)
    document: GraphDocument | None = None


class Rename(_Request):
    name: Title


class Deleted(BaseModel):
    deleted: Literal[True] = True


class Diagnostics(BaseModel):
    """What Keras says of a design with this digest; `analysis` is null while it has said nothing yet."""

    digest: str
    analysis: Analysis | None
    analyzing: bool


class CodeAuthorship(BaseModel):
    """Somebody who was editing when a text of own code first appeared, and when that was."""

    user: Person
    at: datetime


class CodePiece(BaseModel):
    """A piece of a design's own code. `sha256` is that of its source; several people may have been editing at once."""

    id: str
    kind: str
    name: str
    sha256: str
    authors: list[CodeAuthorship]


class VersionView(BaseModel):
    id: str
    number: int
    name: str
    digest: str
    created_at: datetime
    created_by: Person


class NewVersion(_Request):
    name: str = Field(default="", max_length=200)


class CodeLines(BaseModel):
    """The lines of a script that stand for a node, counted from 1, both included."""

    first: int
    last: int


class CodeView(BaseModel):
    """A design as Python. `revision` changes with the source; `nodes` says where each node stands in it."""

    source: str
    revision: str
    nodes: dict[str, CodeLines]


class EditedCode(_Request):
    """Python that somebody edited; `revision` is that of the code from which they started."""

    source: str = Field(max_length=MAX_SCRIPT)
    revision: str = Field(max_length=64)


class Imported(BaseModel):
    """The design made of a file, what became of each of its layers, and in words what else changed."""

    design: DesignDetail
    layers: list[LayerReport]
    notes: list[str] = []


class Reference(BaseModel):
    """Where an architecture was described: authors, year and title, and an address."""

    text: str
    url: str


class TemplateView(BaseModel):
    """A design to start from. `data` says in a sentence what data fits."""

    name: str
    title: str
    summary: str
    category: str
    parameters: int
    dataset: str | None
    data: str
    reference: Reference
    thumbnail: Thumbnail


class SharedPerson(BaseModel):
    user: Person
    role: RoleWord


class ShareLinkView(BaseModel):
    id: str
    role: RoleWord
    created_at: datetime
    revoked_at: datetime | None
    created_by: Person


class Shares(BaseModel):
    people: list[SharedPerson]
    links: list[ShareLinkView]


class ShareWithPerson(_Request):
    role: Literal["viewer", "editor"]


class NewLink(BaseModel):
    """A link that was just made; `url` is shown this once, only its hash is kept."""

    link: ShareLinkView
    url: str
