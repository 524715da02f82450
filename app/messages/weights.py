"""Weights on their way into a model: what a file holds, and what a training took from it."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_LAYERS: Final = 10_000
MAX_WEIGHTS: Final = 50_000
MAX_WORDS: Final = 5_000_000
MAX_DIMENSIONS: Final = 4_096


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StoredLayer(_Strict):
    """The weights of one layer in a file: shapes by their place in the layer (`vars/0`, `cell/vars/1`).

    `name` is the path of layer names, `encoder/dense` inside a nested model. Files of the older kind know only an
    order: their places are `0`, `1` and so on.
    """

    name: str
    shapes: dict[str, list[int]]


class LayerWeights(_Strict):
    """A file of weights, layer by layer."""

    kind: Literal["layers"] = "layers"
    layers: list[StoredLayer]
    notes: list[str] = []


class WordVectors(_Strict):
    """A file of word vectors: `words` lines of `dimensions` numbers; `first` are some of its words."""

    kind: Literal["vectors"] = "vectors"
    words: int
    dimensions: int
    first: list[str] = []
    notes: list[str] = []


WeightsContents = Annotated[LayerWeights | WordVectors, Field(discriminator="kind")]


class ConvertWeightsRequest(_Strict):
    """Read the weights at `path`, a file of any supported kind, and write them to `target` in the one safe form.

    Only a sandboxed process takes it.
    """

    request: Literal["convert_weights"] = "convert_weights"
    path: str
    filename: str
    target: str
