"""What was designed and trained before, used again: designs as layers, and weights to start from."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal, Role
from app.designs import own_code
from app.designs.access import DesignAccess, DesignPolicy, require_design_role
from app.designs.service import get_version, read_live_document
from app.document.edits import SetValue
from app.document.insertion import insert_design
from app.document.model import MAX_COORDINATE, GraphDocument, GraphId, Identifier, Layer, Weights
from app.document.read import read_document
from app.infra.services import Connected, Services, Transaction
from app.messages.analysis import Analysis, AnalyzeRequest
from app.messages.weights import LayerWeights, WordVectors
from app.runs import repository
from app.runs.service import find_weights
from app.runs.tables import Run
from app.shared.errors import AppError, NotFound
from app.weights import service as weights

router = APIRouter(prefix="/api", tags=["reuse"])

Viewer = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER))]
Editor = Annotated[DesignAccess, Depends(DesignPolicy(Role.EDITOR, member=True))]

_SHAPELESS: Final = frozenset(
    {
        *("activation", "recurrent_activation", "data_format", "dilation_rate", "dropout", "dtype", "epsilon"),
        *("go_backwards", "mask_zero", "merge_mode", "momentum", "name", "noise_shape", "padding", "pool_size", "rate"),
        *("recurrent_dropout", "return_sequences", "return_state", "seed", "stateful", "strides", "trainable"),
        *("unroll", "zero_output_for_mask"),
    }
)
"""Parameters that change no shape of a weight; so do those that end like these."""
_SHAPELESS_ENDINGS: Final = ("_initializer", "_regularizer", "_constraint")


class NewInsertion(BaseModel):
    """What to insert: a design as it is now, or as a run of it trained it, with the run's weights."""

    model_config = ConfigDict(extra="forbid")

    design_id: Identifier | None = None
    run_id: Identifier | None = None
    graph: GraphId = ""
    x: float = Field(default=0.0, ge=-MAX_COORDINATE, le=MAX_COORDINATE)
    y: float = Field(default=0.0, ge=-MAX_COORDINATE, le=MAX_COORDINATE)
    trainable: bool = True


class InsertionView(BaseModel):
    """Edits to apply as one step, and the layer, its call and its graph that they make."""

    edits: list[SetValue]
    layer: str
    node: str
    graph: str


class LayerStart(BaseModel):
    """How a layer with weights would start: with values that are `kept`, or `afresh`; `why` says what does not fit."""

    layer: str
    name: str
    start: Literal["kept", "afresh"]
    why: str = ""


class WeightsView(BaseModel):
    """How each layer of a design with weights would start, given the weights that the design names or `source`.

    A nested model is kept where all inside it is; `kept` and `afresh` count the layers that are no such model.
    """

    layers: list[LayerStart]
    kept: int
    afresh: int


@router.post("/designs/{design_id}/insertions")
async def insert(body: NewInsertion, access: Editor, services: Connected, transaction: Transaction) -> InsertionView:
    """Return the edits that put another design, or what a run trained, into this one as a nested model.

    With `trainable` false it is frozen. Nothing is changed by asking.
    """
    document = await read_live_document(services.rooms, access.design_id)
    if body.graph and body.graph not in document.graphs:
        raise NotFound("The design has no such nested model.", expected="an id of its graphs", received=body.graph)
    other, start = await _find_other(transaction, services, access.principal, body)
    made = insert_design(document, other, into=body.graph, x=body.x, y=body.y, trainable=body.trainable, weights=start)
    return InsertionView(edits=list(made.edits), layer=made.layer, node=made.node, graph=made.graph)


async def _find_other(
    session: AsyncSession, services: Services, principal: Principal, body: NewInsertion
) -> tuple[GraphDocument, Weights | None]:
    if body.run_id is not None:
        run, document = await find_trained(session, principal, body.run_id)
        return document, Weights(source="run", id=run.id)
    if body.design_id is None:
        raise NotFound("There is nothing to insert.", expected="design_id or run_id", received="neither")
    await require_design_role(session, principal, body.design_id, Role.VIEWER)
    return await read_live_document(services.rooms, body.design_id), None


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


@router.get("/designs/{design_id}/weights")
async def read_design_weights(
    access: Viewer,
    services: Connected,
    transaction: Transaction,
    run: Annotated[str | None, Query(max_length=64)] = None,
    upload: Annotated[str | None, Query(max_length=64)] = None,
) -> WeightsView:
    """Say which layers would keep weights and which would start afresh, were the design trained as it is now.

    Of the run or the upload that is named; otherwise of what the design itself names to start from.
    """
    document = await read_live_document(services.rooms, access.design_id)
    analysis = await _analysed(services, transaction, access.design_id, document)
    whole = _named(run, upload) or document.training.weights
    origins = _Origins(services, transaction, access.principal)
    counts, named = _counts(document, analysis), _references(document)
    whys: dict[str, str] = {}
    for layer_id, layer in document.layers.items():
        if counts.get(layer_id) and layer.class_name != "Model":
            reference = whole if run or upload else named.get(layer_id, whole)
            whys[layer_id] = await origins.why_not(layer, counts[layer_id], reference)
    afresh = sum(bool(why) for why in whys.values())
    told = whys | {layer_id: _why_not_all(document, layer_id, whys) for layer_id in counts.keys() - whys.keys()}
    starts = [
        LayerStart(layer=layer_id, name=layer.name, start="afresh" if told[layer_id] else "kept", why=told[layer_id])
        for layer_id, layer in document.layers.items()
        if counts.get(layer_id)
    ]
    return WeightsView(layers=starts, kept=len(whys) - afresh, afresh=afresh)


def _why_not_all(document: GraphDocument, model: str, whys: Mapping[str, str]) -> str:
    """Return why a nested model does not start with given values alone, however deep the layers lie."""
    inside, waiting, found = _inside(document), [model], set[str]()
    while waiting:
        layer = document.layers.get(waiting.pop())
        if layer is not None and layer.class_name == "Model":
            news = set(inside.get(str(layer.params.get("graph")), ())) - found
            found |= news
            waiting += news
    afresh = [document.layers[each].name for each in found if whys.get(each)]
    return f"Of its layers start afresh: {', '.join(sorted(afresh))}." if afresh else ""


def _inside(document: GraphDocument) -> dict[str, list[str]]:
    """Return the layers that are called in each graph."""
    inside: dict[str, list[str]] = {}
    for node in document.nodes.values():
        inside.setdefault(node.graph, []).append(node.layer)
    return inside


def _references(document: GraphDocument) -> dict[str, Weights]:
    """Return what each layer starts from that names something, or that is inside of a nested model that does."""
    inside = _inside(document)
    found: dict[str, Weights] = {}
    waiting = [(key, layer.weights) for key, layer in document.layers.items() if layer.weights is not None]
    while waiting:
        key, around = waiting.pop()
        layer = document.layers.get(key)
        if layer is None or key in found:
            continue
        found[key] = layer.weights or around
        graph = layer.params.get("graph")
        if layer.class_name == "Model" and isinstance(graph, str) and graph:
            within = found[key].model_copy(update={"layer": ""})
            waiting += [(each, within) for each in inside.get(graph, ())]
    return found


def _named(run: str | None, upload: str | None) -> Weights | None:
    if run:
        return Weights(source="run", id=run)
    return Weights(source="upload", id=upload) if upload else None


async def _analysed(
    services: Services, session: AsyncSession, design_id: str, document: GraphDocument
) -> Analysis | None:
    known = await own_code.known_outcomes(session, design_id, document)
    answer = await services.analysis.ask(AnalyzeRequest(document=document, known=known), services.analysis_seconds)
    return answer if isinstance(answer, Analysis) else None


def _counts(document: GraphDocument, analysis: Analysis | None) -> dict[str, int]:
    """Return how many parameters each layer has, by its id; what could not be analysed is left out."""
    counts: dict[str, int] = {}
    for node in analysis.nodes if analysis else []:
        if node.id in document.nodes:
            layer = document.nodes[node.id].layer
            counts[layer] = max(counts.get(layer, 0), node.params)
    return counts


class _Origins:
    """What designs name to start from, each looked up once."""

    def __init__(self, services: Services, session: AsyncSession, principal: Principal) -> None:
        self.services, self.session, self.principal = services, session, principal
        self._found: dict[tuple[str, str], Any] = {}

    async def why_not(self, layer: Layer, count: int, reference: Weights | None) -> str:
        """Return why `layer`, of `count` parameters, cannot start from what is referred to; "" when it can."""
        if reference is None:
            return "Nothing is named to start from."
        key = (reference.source, reference.id)
        if key not in self._found:
            self._found[key] = await self._look_up(reference)
        found = self._found[key]
        name = reference.layer or layer.name
        match found:
            case str():
                return found
            case LayerWeights():
                return _why_not_stored(found, name, count)
            case (GraphDocument() as document, dict() as counts):
                return _why_not_trained(document, counts, layer, name, count)
            case _:
                return _why_not_vectors(found, layer, reference)

    async def _look_up(self, reference: Weights) -> Any:
        try:
            if reference.source == "upload":
                file, _ = await weights.get_file(self.session, self.principal, reference.id)
                return weights.contents_of(file)
            run, document = await find_trained(self.session, self.principal, reference.id)
            analysis = await _analysed(self.services, self.session, run.design_id, document)
            return document, _counts(document, analysis)
        except AppError as error:
            return error.message


def _why_not_stored(contents: LayerWeights, name: str, count: int) -> str:
    stored = next((each for each in contents.layers if each.name == name), None)
    if stored is None:
        return f"The file has no layer named {name}."
    offered = sum(prod(shape) for shape in stored.shapes.values())
    return "" if offered == count else f"It has {count:,} parameters, the file's {offered:,}."


def _why_not_vectors(contents: WordVectors, layer: Layer, reference: Weights) -> str:
    if layer.class_name != "Embedding":
        return "Word vectors are for an Embedding."
    if layer.weights != reference:
        return "The file holds word vectors, which a layer names for itself."
    width = layer.params.get("output_dim")
    dimensions = contents.dimensions
    return "" if width == dimensions else f"Its output_dim is {width}, the vectors have {dimensions} numbers each."


def _why_not_trained(document: GraphDocument, counts: dict[str, int], layer: Layer, name: str, count: int) -> str:
    trained = next((key for key, each in document.layers.items() if each.name == name and key in counts), None)
    if trained is None:
        return f"The run has no layer named {name}."
    before = document.layers[trained]
    if before.class_name != layer.class_name:
        return f"It was a {before.class_name} in the run."
    changed = sorted(
        each
        for each in before.params.keys() | layer.params.keys()
        if before.params.get(each) != layer.params.get(each)
        and each not in _SHAPELESS
        and not each.endswith(_SHAPELESS_ENDINGS)
    )
    if counts[trained] == count:
        return f"{', '.join(changed)} changed." if changed and layer.class_name != "Model" else ""
    if changed:
        return f"{', '.join(changed)} changed: it has {count:,} parameters, in the run {counts[trained]:,}."
    return f"Its input changed: it has {count:,} parameters, in the run {counts[trained]:,}."


async def starting_weights(
    services: Services, principal: Principal, document: GraphDocument, folder: Path
) -> dict[str, str]:
    """Return where the weights lie that `document` names to start from, keyed `upload:ID` or `run:ID`.

    Those of a run are rewritten below `folder` by the sandbox. Raises `NotFound` for what is not there (any more).
    """
    named = [layer.weights for layer in document.layers.values()] + [document.training.weights]
    found: dict[str, str] = {}
    for reference in named:
        if reference is None or (key := f"{reference.source}:{reference.id}") in found:
            continue
        async with services.database.session() as session:
            if reference.source == "upload":
                file, _ = await weights.get_file(session, principal, reference.id)
                found[key] = services.artifacts.url(file.artifact)
                continue
            run, _ = await find_trained(session, principal, reference.id)
            model = await find_weights(services, session, principal, run.id)
        converted, _ = await weights.convert(services, model, model.name, folder / "start" / run.id)
        found[key] = str(converted)
    return found
