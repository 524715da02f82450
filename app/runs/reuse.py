"""What was designed and trained before, used again: designs as layers, and weights to start from."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.policy import PolicyFirst
from app.accounts.principal import Principal, Role
from app.designs.access import DesignAccess, DesignPolicy, require_design_role
from app.designs.service import get_version, read_live_document
from app.document.edits import SetValue
from app.document.insertion import insert_design
from app.document.model import MAX_COORDINATE, GraphDocument, GraphId, Identifier, Weights
from app.document.read import read_document
from app.infra.services import Connected, Services, Transaction
from app.runs.access import RunAccess, RunPolicy
from app.runs.offers import analysed, find_trained, layers_by_graph, run_offer, values_of
from app.runs.starting import Origins, references_of
from app.shared.errors import NotFound

router = APIRouter(prefix="/api", tags=["reuse"], route_class=PolicyFirst)

Viewer = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER))]
RunViewer = Annotated[RunAccess, Depends(RunPolicy(Role.VIEWER))]
Editor = Annotated[DesignAccess, Depends(DesignPolicy(Role.EDITOR, member=True))]


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


class TrainedLayer(BaseModel):
    """A layer of a run by the path of its name (`encoder/dense` inside a nested model), and how many values it has."""

    name: str
    class_name: str
    values: int


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


@router.get("/designs/{design_id}/weights")
async def read_design_weights(
    access: Viewer,
    services: Connected,
    run: Annotated[str | None, Query(max_length=64)] = None,
    upload: Annotated[str | None, Query(max_length=64)] = None,
) -> WeightsView:
    """Say which layers would keep weights and which would start afresh, were the design trained as it is now.

    Of the run or the upload that is named; otherwise of what the design itself names to start from.
    """
    document = await read_live_document(services.rooms, access.design_id)
    values = values_of(document, await analysed(services, access.design_id, document))
    held = {key: each for key, each in values.items() if each.count}
    whole = _named(run, upload) or document.training.weights
    origins, named = Origins(services, access.principal), references_of(document)
    whys: dict[str, str] = {}
    for key, layer in document.layers.items():
        if key in held and layer.class_name != "Model":
            reference = whole if run or upload else named.get(key, whole)
            whys[key] = (await origins.judge(layer, held[key], reference)).why
    afresh = sum(bool(why) for why in whys.values())
    told = whys | {key: _why_not_all(document, key, whys) for key in values.keys() - whys.keys()}
    starts = [
        LayerStart(layer=key, name=layer.name, start="afresh" if told[key] else "kept", why=told[key])
        for key, layer in document.layers.items()
        if key in held
    ]
    return WeightsView(layers=starts, kept=len(whys) - afresh, afresh=afresh)


def _why_not_all(document: GraphDocument, model: str, whys: Mapping[str, str]) -> str:
    """Return why a nested model does not start with given values alone, however deep the layers lie."""
    inside, waiting, found = layers_by_graph(document), [model], set[str]()
    while waiting:
        layer = document.layers.get(waiting.pop())
        if layer is not None and layer.class_name == "Model":
            news = set(inside.get(str(layer.params.get("graph")), ())) - found
            found |= news
            waiting += news
    afresh = [document.layers[each].name for each in found if whys.get(each)]
    return f"Of its layers start afresh: {', '.join(sorted(afresh))}." if afresh else ""


@router.get("/runs/{run_id}/layers")
async def read_run_layers(access: RunViewer, services: Connected) -> list[TrainedLayer]:
    """List the layers that a run trained, for another design to start from."""
    async with services.database.session() as session:
        version = await get_version(session, access.principal, access.run.design_id, access.run.version_id)
    offer = await run_offer(services, access.run, read_document(version.document))
    return [
        TrainedLayer(name=path, class_name=offer.layers[path].class_name, values=count)
        for path, count in offer.counts.items()
    ]


def _named(run: str | None, upload: str | None) -> Weights | None:
    if run:
        return Weights(source="run", id=run)
    return Weights(source="upload", id=upload) if upload else None
