"""Write the gallery's designs of `keras.applications` anew: `python -m docs.gallery [NAME ...]`.

Each architecture is built by Keras without weights, imported as any model is, and packed; what the gallery shows of it
goes into `applications.json`.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.catalog.registry import load_catalog
from app.designs.projection import thumbnail
from app.document.model import GraphDocument
from app.worker.quiet import import_keras

FOLDER: Final = Path(__file__).parent.parent / "app" / "designs" / "templates"
DATA: Final = "ImageNet: colour pictures of {size} x {size} pixels in 1,000 classes, or your own with other classes."


class Family(NamedTuple):
    """What is said of architectures that share a paper. `sentence` names what is special about them."""

    sentence: str
    text: str
    url: str


FAMILIES: Final[dict[str, Family]] = {
    "VGG": Family(
        "Only 3 x 3 convolutions, stacked deep.",
        "Simonyan, Zisserman (2014). Very deep convolutional networks for large-scale image recognition",
        "https://arxiv.org/abs/1409.1556",
    ),
    "ResNet": Family(
        "Blocks that learn what to add to their input, so that very deep networks train.",
        "He et al. (2015). Deep residual learning for image recognition",
        "https://arxiv.org/abs/1512.03385",
    ),
    "ResNetV2": Family(
        "Residual blocks that normalise and activate before they convolve.",
        "He et al. (2016). Identity mappings in deep residual networks",
        "https://arxiv.org/abs/1603.05027",
    ),
    "InceptionV3": Family(
        "Parallel convolutions of several sizes, joined block by block.",
        "Szegedy et al. (2015). Rethinking the Inception architecture for computer vision",
        "https://arxiv.org/abs/1512.00567",
    ),
    "InceptionResNetV2": Family(
        "Inception blocks with residual connections.",
        "Szegedy et al. (2016). Inception-v4, Inception-ResNet and the impact of residual connections on learning",
        "https://arxiv.org/abs/1602.07261",
    ),
    "Xception": Family(
        "Inception taken to its end: every convolution is depthwise separable.",
        "Chollet (2016). Xception: deep learning with depthwise separable convolutions",
        "https://arxiv.org/abs/1610.02357",
    ),
    "MobileNet": Family(
        "Depthwise separable convolutions, small and fast enough for telephones.",
        "Howard et al. (2017). MobileNets: efficient convolutional neural networks for mobile vision applications",
        "https://arxiv.org/abs/1704.04861",
    ),
    "MobileNetV2": Family(
        "Inverted residual blocks with linear bottlenecks.",
        "Sandler et al. (2018). MobileNetV2: inverted residuals and linear bottlenecks",
        "https://arxiv.org/abs/1801.04381",
    ),
    "MobileNetV3": Family(
        "Searched for with the hardware in mind; squeeze-and-excite and hard activations.",
        "Howard et al. (2019). Searching for MobileNetV3",
        "https://arxiv.org/abs/1905.02244",
    ),
    "DenseNet": Family(
        "Every layer of a block sees the results of all layers before it.",
        "Huang et al. (2016). Densely connected convolutional networks",
        "https://arxiv.org/abs/1608.06993",
    ),
    "NASNet": Family(
        "Cells found by a search on small pictures, repeated for large ones.",
        "Zoph et al. (2017). Learning transferable architectures for scalable image recognition",
        "https://arxiv.org/abs/1707.07012",
    ),
    "EfficientNet": Family(
        "Depth, width and resolution scaled together.",
        "Tan, Le (2019). EfficientNet: rethinking model scaling for convolutional neural networks",
        "https://arxiv.org/abs/1905.11946",
    ),
    "EfficientNetV2": Family(
        "EfficientNet with fused convolutions, quicker to train.",
        "Tan, Le (2021). EfficientNetV2: smaller models and faster training",
        "https://arxiv.org/abs/2104.00298",
    ),
    "ConvNeXt": Family(
        "A convolutional network with what made vision transformers good.",
        "Liu et al. (2022). A ConvNet for the 2020s",
        "https://arxiv.org/abs/2201.03545",
    ),
}


def family_of(name: str) -> Family:
    """Return the family that the architecture `name` is of."""
    if name.startswith("ResNet") and name.endswith("V2"):
        return FAMILIES["ResNetV2"]
    return FAMILIES[max((family for family in FAMILIES if name.startswith(family)), key=len)]


def application_names() -> list[str]:
    """Return the architectures of the installed `keras.applications`, by name."""
    import keras

    return sorted(name for name in dir(keras.applications) if name[0].isupper())


def design_of(name: str) -> tuple[GraphDocument, int]:
    """Return the design of an architecture, and its number of parameters."""
    import keras

    from app.worker.imports.drawn import import_config

    keras.backend.clear_session()
    with keras.StatelessScope(initialize_variables=False):
        model = getattr(keras.applications, name)(weights=None)
    found = import_config(json.loads(model.to_json()), f"{name}.json", load_catalog())
    strange = [layer for layer in found.layers if layer.outcome == "placeholder"]
    if strange:
        raise SystemExit(f"{name}: {strange}")
    family = family_of(name)
    meta = found.document.meta.model_copy(update={"name": name, "description": family.sentence})
    return found.document.model_copy(update={"meta": meta}), int(model.count_params())


def entry_of(name: str, document: GraphDocument, parameters: int) -> dict[str, Any]:
    """Return what the gallery shows of an architecture."""
    family = family_of(name)
    shape = next(layer for layer in document.layers.values() if layer.class_name == "InputLayer").params["shape"]
    size = shape[0] if isinstance(shape, list) and shape[0] else 224
    return {
        "name": name.lower(),
        "title": name,
        "summary": family.sentence,
        "category": "applications",
        "parameters": parameters,
        "dataset": None,
        "data": DATA.format(size=size),
        "reference": {"text": family.text, "url": family.url},
        "thumbnail": thumbnail(document).model_dump(mode="json"),
    }


def packed(document: GraphDocument) -> bytes:
    """Return the design file, compressed; equal designs give equal bytes."""
    text = document.model_dump_json(exclude_defaults=True)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def main(wanted: list[str]) -> None:
    import_keras()
    index = FOLDER / "applications.json"
    entries = {entry["name"]: entry for entry in json.loads(index.read_text("utf-8"))}
    for name in wanted or application_names():
        document, parameters = design_of(name)
        entries[name.lower()] = entry_of(name, document, parameters)
        (FOLDER / "applications" / f"{name.lower()}.json.gz").write_bytes(packed(document))
        print(f"{name}: {len(document.nodes)} nodes, {parameters:,} parameters")
    lines = ",\n".join(json.dumps(entries[name], separators=(",", ":")) for name in sorted(entries))
    index.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
