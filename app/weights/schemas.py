"""What the weights routes send and receive."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from app.accounts.schemas import Person
from app.messages.weights import WeightsContents


class WeightsFileView(BaseModel):
    """An uploaded weights file; `id` is what a design's `weights` names with the source `upload`."""

    id: str
    filename: str
    bytes: int
    sha256: str
    created_at: datetime
    created_by: Person | None
    contents: WeightsContents


class WeightsUser(BaseModel):
    """A design that names a weights file."""

    id: str
    name: str


class WeightsDeleted(BaseModel):
    deleted: Literal[True] = True
