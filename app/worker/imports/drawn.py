"""A parsed architecture drawn as a design."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from app.catalog.model import Catalog, Kind
from app.catalog.ports import input_ports, output_ports
from app.document.model import GraphDocument, Meta, ModelClass, Node, Training
from app.graph.equal_graphs import join_equal_graphs
from app.graph.layout import Box, card_height, lay_out
from app.messages.analysis import ImportedModel
from app.worker.imports.entries import is_nested
from app.worker.imports.errors import NotAModel
from app.worker.imports.graphs import Drawing
from app.worker.imports.keras2.models import modernised
from app.worker.imports.training import read_training

_GENERIC: Final = re.compile(r"(sequential|functional|model)(_\d+)?")
_ENDINGS: Final = re.compile(r"(\.keras|\.json|\.h5|\.hdf5|\.py|\.ipynb)+$")


def import_config(data: Mapping[str, Any], filename: str, catalog: Catalog) -> ImportedModel:
    """Return the design of a parsed architecture, as `model.to_json()` of Keras 3 or 2 writes it."""
    data = modernised(data)
    if not is_nested(data):
        raise NotAModel(
            "This model is neither Sequential nor functional, so that its layers are not in the file.",
            expected="Sequential or Functional",
            received=str(data.get("class_name"))[:100],
            hint="A subclassed model is Python code; rebuild it with the functional API.",
        )
    drawing = Drawing(catalog)
    outputs = drawing.draw(data)
    training, notes = read_training(data.get("compile_config"), outputs, catalog)
    kind: ModelClass = "Sequential" if data["class_name"] == "Sequential" else "Functional"
    drawn = _document(drawing, _meta(data["config"].get("name"), filename, kind), training, catalog)
    document = join_equal_graphs(drawn)
    return ImportedModel(
        document=document,
        layers=drawing.reports(),
        notes=[*drawing.notes, *notes],
        lines={node: line for node, line in drawing.lines.items() if node in document.nodes},
    )


def _meta(name: Any, filename: str, kind: ModelClass) -> Meta:
    """Return what the design is called: as the model, where somebody named that, else as the file."""
    model_name = name[:200] if isinstance(name, str) else ""
    named = bool(model_name.strip()) and not _GENERIC.fullmatch(model_name)
    title = model_name if named else _ENDINGS.sub("", filename)[:200].strip()
    return Meta(name=title or model_name or "Imported model", model_class=kind, model_name=model_name)


def _document(drawing: Drawing, meta: Meta, training: Training, catalog: Catalog) -> GraphDocument:
    try:
        places = _places(drawing, catalog)
        nodes = {node: Node(**call, x=places[node][0], y=places[node][1]) for node, call in drawing.nodes.items()}
        return GraphDocument(
            catalog=catalog.version,
            meta=meta,
            graphs=drawing.graphs,
            layers=drawing.layers,
            nodes=nodes,
            edges=drawing.edges,
            training=training,
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise NotAModel(
            "This model does not fit a design.",
            expected=first["msg"],
            received=f"{'.'.join(map(str, first['loc']))}: {first['input']!r}"[:200],
        ) from error


def _places(drawing: Drawing, catalog: Catalog) -> dict[str, tuple[float, float]]:
    """Return where each node stands; every graph is laid out by itself."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    heights = {key: _height(drawing, key, catalog) for key in drawing.layers}
    for node, call in drawing.nodes.items():
        boxes[call["graph"]].append(Box(node, heights[call["layer"]]))
    wires: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in drawing.edges:
        source, _, target = key.partition("->")
        source, target = source.partition(":")[0], target.partition(":")[0]
        wires[drawing.nodes[target]["graph"]].append((source, target))
    return {node: place for graph, inside in boxes.items() for node, place in lay_out(inside, wires[graph]).items()}


def _height(drawing: Drawing, layer_id: str, catalog: Catalog) -> float:
    layer = drawing.layers[layer_id]
    spec = catalog.find(Kind.LAYER, layer.class_name)
    if spec is None:
        return card_height((), ())
    return card_height(input_ports(spec, layer.params), output_ports(spec, layer.params))
