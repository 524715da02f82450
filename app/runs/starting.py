"""What designs start from, looked up and held against their layers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.accounts.principal import Principal
from app.document.model import GraphDocument, Layer, Weights
from app.graph import fixes
from app.graph.model import Problem
from app.infra.services import Services
from app.messages.analysis import Analysis
from app.messages.weights import WordVectors
from app.runs.offers import Offer, Values, file_offer, find_trained, layers_by_graph, run_offer, values_of
from app.runs.service import find_weights
from app.shared.errors import AppError
from app.weights import service as weights

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


@dataclass(frozen=True)
class Judgement:
    """Why a layer cannot start from what is named, "" where it can; `certain` says that a run would be refused."""

    why: str = ""
    certain: bool = True


class Origins:
    """What a design names to start from, each looked up once."""

    def __init__(self, services: Services, principal: Principal) -> None:
        self.services, self.principal = services, principal
        self._found: dict[tuple[str, str], Offer | WordVectors | AppError] = {}

    async def look_up(self, reference: Weights) -> Offer | WordVectors | AppError:
        """Return what `reference` names, or the error that says why it is not there."""
        key = (reference.source, reference.id)
        if key not in self._found:
            try:
                self._found[key] = await self._read(reference)
            except AppError as error:
                self._found[key] = error
        return self._found[key]

    async def judge(self, layer: Layer, values: Values, reference: Weights | None) -> Judgement:
        """Say whether `layer`, which has `values`, can start from what is referred to."""
        if reference is None:
            return Judgement("Nothing is named to start from.")
        found = await self.look_up(reference)
        match found:
            case AppError():
                return Judgement(found.message)
            case WordVectors():
                return Judgement(_why_not_vectors(found, layer, reference))
            case Offer():
                return _judge(found, layer, reference.layer or layer.name, values)

    async def _read(self, reference: Weights) -> Offer | WordVectors:
        async with self.services.database.session() as session:
            if reference.source == "upload":
                file, _ = await weights.get_file(session, self.principal, reference.id)
                contents = weights.contents_of(file)
                return contents if isinstance(contents, WordVectors) else file_offer(contents)
            run, document = await find_trained(session, self.principal, reference.id)
            await find_weights(self.services, session, self.principal, run.id)
        return await run_offer(self.services, run, document)


def references_of(document: GraphDocument) -> dict[str, Weights]:
    """Return what each layer starts from that names something, or that is inside of a nested model that does."""
    inside = layers_by_graph(document)
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


def _judge(offer: Offer, layer: Layer, name: str, values: Values) -> Judgement:
    paths = offer.paths(name)
    if not paths:
        told = f"The {offer.whose} has no weights of a layer named {name}."
        return Judgement(told, certain=not offer.may_have(name))
    fitting = [path for path in paths if offer.has(path, values)]
    path = (fitting or paths)[0]
    before = offer.layers.get(path)
    if before is not None and before.class_name != layer.class_name:
        return Judgement(f"It was a {before.class_name} in the run.", certain=not fitting)
    changed = _changed(before, layer) if before is not None else ""
    if fitting:
        return Judgement(f"{changed} changed." if changed else "", certain=False)
    cause = f"{changed} changed: it" if changed else "Its input changed: it" if before is not None else "It"
    if offer.counts[path] != values.count:
        return Judgement(f"{cause} has {values.count:,} values, that of the {offer.whose} {offer.counts[path]:,}.")
    theirs = Values(values.count, offer.shapes[path])
    return Judgement(f"{cause} has weights of the shapes {values}, that of the {offer.whose} {theirs}.")


def _changed(before: Layer, layer: Layer) -> str:
    """Return the parameters that may decide shapes and are not the same."""
    return ", ".join(
        sorted(
            each
            for each in before.params.keys() | layer.params.keys()
            if before.params.get(each) != layer.params.get(each)
            and each not in _SHAPELESS
            and not each.endswith(_SHAPELESS_ENDINGS)
        )
    )


def _why_not_vectors(contents: WordVectors, layer: Layer, reference: Weights) -> str:
    if layer.class_name != "Embedding":
        return "Word vectors are for an Embedding."
    if layer.weights != reference:
        return "The file holds word vectors, which a layer names for itself."
    width = layer.params.get("output_dim")
    dimensions = contents.dimensions
    return "" if width == dimensions else f"Its output_dim is {width}, the vectors have {dimensions} numbers each."


async def weights_problems(origins: Origins, document: GraphDocument, analysis: Analysis) -> list[Problem]:
    """Return why a run of `document` would be refused for what it names to start from, given its `analysis`.

    Layers that name values of their own must find them; those of the design as a whole are taken where they fit.
    """
    found: list[Problem] = []
    whole = document.training.weights
    if whole is not None:
        offer = await origins.look_up(whole)
        if not isinstance(offer, Offer):
            found.append(_whole_problem(offer, whole))
    values = values_of(document, analysis)
    for key, reference in references_of(document).items():
        judged = await _judge_named(origins, document.layers[key], values.get(key), reference)
        if judged.why and judged.certain:
            found.append(_layer_problem(document, key, reference, judged.why))
    return found


async def _judge_named(origins: Origins, layer: Layer, values: Values | None, reference: Weights) -> Judgement:
    """Judge a layer that names something, or is inside of a model that does: what is not there is told of the model."""
    offer, own = await origins.look_up(reference), layer.weights is not None
    if isinstance(offer, AppError):
        return Judgement(offer.message if own else "")
    if layer.class_name == "Model":
        return Judgement("Word vectors are for an Embedding." if own and isinstance(offer, WordVectors) else "")
    if values is None or (not own and (not values.count or isinstance(offer, WordVectors))):
        return Judgement()
    return await origins.judge(layer, values, reference) if values.count else Judgement("It has no weights.")


def _whole_problem(offer: WordVectors | AppError, whole: Weights) -> Problem:
    remove = fixes.remove_value(["training", "weights"], "Start from fresh values")
    if isinstance(offer, WordVectors):
        return Problem(
            code="weights_missing",
            param="weights",
            message="Word vectors are for an Embedding, not for a whole design.",
            expected="a file of weights, or an earlier run",
            received=f"vectors of {offer.words:,} words",
            hint="Let the Embedding start from them.",
            fix=remove,
        )
    return Problem(
        code="weights_missing",
        param="weights",
        message=f"The design starts from weights that are not there. {offer.message}",
        expected=f"the {whole.source} {whole.id}",
        received="nothing",
        hint="Choose other weights, or start afresh.",
        fix=remove,
    )


def _layer_problem(document: GraphDocument, key: str, reference: Weights, why: str) -> Problem:
    layer = document.layers[key]
    node = next((node for node, call in document.nodes.items() if call.layer == key), "")
    fix = fixes.remove_value(["layers", key, "weights"], f"Let {layer.name} start afresh")
    return Problem(
        code="weights_missing",
        node=node,
        param="weights",
        message=f"{layer.name} cannot start from the weights that are named for it. {why}",
        expected="values of the same shapes",
        received=f"{reference.layer or layer.name} of the {reference.source} {reference.id}",
        hint="Choose other weights or another layer of them, or let this layer start afresh.",
        fix=fix if layer.weights is not None else None,
    )


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
