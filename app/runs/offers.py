"""What files of weights and earlier runs offer to designs that start from them: how many values, under which names."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal, Role
from app.designs import own_code
from app.designs.access import require_design_role
from app.designs.service import get_version
from app.document.model import GraphDocument, Layer
from app.document.read import read_document
from app.infra.services import Services
from app.messages.analysis import Analysis, AnalyzeRequest
from app.messages.weights import LayerWeights
from app.runs import repository
from app.runs.tables import Run
from app.shared.errors import AppError, NotFound

_KEPT_OFFERS: Final = 64


Shapes = tuple[tuple[int, ...], ...]
"""The shapes of a layer's weights, sorted: files and designs have orders of their own."""


def sorted_shapes(shapes: Iterable[Sequence[int]]) -> Shapes:
    """Return shapes as they are compared."""
    return tuple(sorted(map(tuple, shapes)))


@dataclass(frozen=True)
class Values:
    """How many values a layer has, and in which shapes, where those are known."""

    count: int
    shapes: Shapes = ()

    def __str__(self) -> str:
        return ", ".join("x".join(map(str, shape)) or "1" for shape in self.shapes) or f"{self.count:,}"


@dataclass(frozen=True)
class Offer:
    """What a file or a run has: how many values by the path of each layer's name, `encoder/dense` inside a model.

    `shapes` are those of the weights, where they are known; `layers` are all of the run's design, those too of which
    nobody could count the values.
    """

    whose: Literal["file", "run"]
    counts: Mapping[str, int]
    layers: Mapping[str, Layer] = field(default_factory=dict)
    shapes: Mapping[str, Shapes] = field(default_factory=dict)

    def has(self, path: str, values: "Values") -> bool:
        """Whether there are so many values at `path`, and in the same shapes as far as both are known."""
        shapes = self.shapes.get(path)
        return self.counts[path] == values.count and (not shapes or not values.shapes or shapes == values.shapes)

    def paths(self, name: str) -> list[str]:
        """Return where a layer of this name, or path, may be: inside nested models too."""
        return _ending(self.counts, name)

    def may_have(self, name: str) -> bool:
        """Whether there is such a layer at all, be it without values."""
        return bool(_ending(self.layers, name))


def _ending(paths: Iterable[str], name: str) -> list[str]:
    return [path for path in paths if path == name or path.endswith(f"/{name}")]


_run_offers: Final[OrderedDict[str, Offer]] = OrderedDict()
"""What runs have, by the version that they trained, which never changes."""


def file_offer(contents: LayerWeights) -> Offer:
    """Return what a file of weights has for layers."""
    counts = {layer.name: sum(prod(shape) for shape in layer.shapes.values()) for layer in contents.layers}
    return Offer("file", counts, shapes={layer.name: sorted_shapes(layer.shapes.values()) for layer in contents.layers})


async def run_offer(services: Services, run: Run, document: GraphDocument) -> Offer:
    """Return what `run`, which trained `document`, has for layers."""
    if run.version_id not in _run_offers:
        analysis = await analysed(services, run.design_id, document)
        values = values_of(document, analysis)
        paths = dict(layer_paths(document))
        layers = {path: document.layers[key] for path, key in paths.items()}
        held = {path: values[key] for path, key in paths.items() if key in values and values[key].count}
        counts = {path: each.count for path, each in held.items()}
        offer = Offer("run", counts, layers, {path: each.shapes for path, each in held.items()})
        if analysis is None:
            return offer
        _run_offers[run.version_id] = offer
        while len(_run_offers) > _KEPT_OFFERS:
            _run_offers.popitem(last=False)
    return _run_offers[run.version_id]


def layers_by_graph(document: GraphDocument) -> dict[str, list[str]]:
    """Return the layers that are called in each graph, each once."""
    inside: dict[str, dict[str, None]] = {}
    for node in document.nodes.values():
        inside.setdefault(node.graph, {})[node.layer] = None
    return {graph: list(layers) for graph, layers in inside.items()}


def layer_paths(document: GraphDocument) -> Iterator[tuple[str, str]]:
    """Yield the layers of a design by the path of their names, as Keras writes them to a file; nested models aside."""
    inside = layers_by_graph(document)

    def below(graph: str, prefix: str, around: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for key in inside.get(graph, ()):
            layer = document.layers.get(key)
            if layer is None:
                continue
            inner = layer.params.get("graph") if layer.class_name == "Model" else None
            if isinstance(inner, str) and inner and inner not in around:
                yield from below(inner, f"{prefix}{layer.name}/", (*around, inner))
            elif layer.class_name != "Model":
                yield f"{prefix}{layer.name}", key

    yield from below("", "", ())


async def find_trained(session: AsyncSession, principal: Principal, run_id: str) -> tuple[Run, GraphDocument]:
    """Return a run that the principal may see, and the design as it trained it; raise `NotFound`."""
    run = await repository.find_run(session, principal, run_id)
    if run is not None:
        try:
            await require_design_role(session, principal, run.design_id, Role.VIEWER)
        except AppError:
            run = None
    if run is None:
        raise NotFound(
            "There is no such run, or its design is not shared with you.",
            expected="a run of a design that you may see",
            received=run_id,
            hint="It may have been deleted; choose another one.",
        )
    version = await get_version(session, principal, run.design_id, run.version_id)
    return run, read_document(version.document)


async def analysed(services: Services, design_id: str, document: GraphDocument) -> Analysis | None:
    """Return what Keras says of a design; None when it did not come to an end. No transaction is open meanwhile."""
    async with services.database.session() as session:
        known = await own_code.known_outcomes(session, design_id, document)
    request = AnalyzeRequest(document=document, known=known, weights=True)
    answer = await services.analysis.ask(request, services.analysis_seconds)
    return answer if isinstance(answer, Analysis) else None


def values_of(document: GraphDocument, analysis: Analysis | None) -> dict[str, Values]:
    """Return the values that each layer has, by its id; what could not be analysed is left out."""
    counts: dict[str, int] = {}
    for node in analysis.nodes if analysis else []:
        if node.id in document.nodes:
            layer = document.nodes[node.id].layer
            counts[layer] = max(counts.get(layer, 0), node.params)
    shapes = analysis.weights if analysis else {}
    return {layer: Values(count, sorted_shapes(shapes.get(layer, ()))) for layer, count in counts.items()}
