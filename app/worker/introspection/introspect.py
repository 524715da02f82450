"""Derives the catalog from the installed Keras and the small human overlay, deterministically.

Nothing here runs while a person works: `python -m app.worker introspect` writes `app/catalog/catalog.json`, which is
committed, and a test regenerates it and compares.
"""

import argparse
import dataclasses
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src import activations as _activations
from keras.src import initializers as _initializers
from keras.src import losses as _losses
from keras.src import metrics as _metrics
from keras.src.applications import convnext, inception_resnet_v2
from keras.src.utils.naming import to_snake_case

from app import layers as own_layers
from app.catalog.difference import differences
from app.catalog.docstring import Docstring, parse_docstring
from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec, PortSpec
from app.worker.introspection.operations import derive_operations
from app.worker.introspection.overlay import OVERLAY_FILE, Overlay, OverlayError, with_nulls
from app.worker.introspection.parameters import USUAL_SAMPLES, derive_param

CATALOG_FILE = Path(__file__).parents[2] / "catalog" / "catalog.json"

_MODULES: dict[Kind, Any] = {
    Kind.LAYER: keras.layers,
    Kind.OPTIMIZER: keras.optimizers,
    Kind.LOSS: keras.losses,
    Kind.METRIC: keras.metrics,
    Kind.CALLBACK: keras.callbacks,
    Kind.SCHEDULE: keras.optimizers.schedules,
    Kind.INITIALIZER: keras.initializers,
    Kind.REGULARIZER: keras.regularizers,
    Kind.CONSTRAINT: keras.constraints,
    Kind.ACTIVATION: keras.activations,
}

_FURTHER_LAYERS: dict[str, tuple[str, Any]] = {
    "CustomScaleLayer": ("merging", inception_resnet_v2.CustomScaleLayer),
    "LayerScale": ("core", convnext.LayerScale),
    "Expression": ("core", own_layers.Expression),
    "LocallyConnected1D": ("convolution", own_layers.LocallyConnected1D),
    "LocallyConnected2D": ("convolution", own_layers.LocallyConnected2D),
    "ThresholdedReLU": ("activation", own_layers.ThresholdedReLU),
}
"""Layers that Keras does not export but its applications hold, and our own, with their category."""

_CATEGORIES = {
    "convolutional": "convolution",
    "rnn": "recurrent",
    "activations": "activation",
    "merging": "merging",
    "image_preprocessing": "image_preprocessing",
}

_BASE_PARAMS = (
    ParamSpec(
        name="trainable",
        kind=ParamKind.BOOLEAN,
        default=True,
        help="Whether training changes the weights of this layer.",
        advanced=True,
    ),
    ParamSpec(
        name="dtype",
        kind=ParamKind.DTYPE,
        nullable=True,
        help="The dtype of the layer's computations and weights, or a dtype policy such as mixed_float16.",
        advanced=True,
    ),
)


def build_catalog() -> Catalog:
    """Return the catalog of the installed Keras; raise `OverlayError` when a parameter stays unknown."""
    overlay = Overlay(tomllib.loads(OVERLAY_FILE.read_text()))
    objects = {kind: dict(sorted(_objects(kind, overlay))) for kind in Kind}
    catalog = _name_defaults(Catalog(version=keras.__version__, objects=objects))
    overlay.finish()
    return catalog


def render(catalog: Catalog) -> str:
    """Return `catalog` as the text of the committed file; fields at their defaults are left out."""
    data = catalog.model_dump(mode="json", exclude_defaults=True)
    for spec, dumped in _pairs(catalog, data):
        dumped["params"] = [
            {**entry, **({} if param.required else {"default": param.default})}
            for param, entry in zip(spec.params, dumped.get("params", []), strict=True)
        ]
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def command(name: str, arguments: list[str]) -> int:
    """Write the committed catalog, or with `--output FILE` another file; `--diff` only tells what would change."""
    parser = argparse.ArgumentParser(prog=f"python -m app.worker {name}", description=command.__doc__)
    parser.add_argument("--output", type=Path, default=CATALOG_FILE)
    parser.add_argument("--diff", action="store_true", help="print what differs from the committed catalog")
    options = parser.parse_args(arguments)
    committed, catalog = Catalog.model_validate_json(CATALOG_FILE.read_text()), build_catalog()
    if committed.version != catalog.version:
        print(f"The committed catalog is of Keras {committed.version}; this is Keras {catalog.version}.")
    if options.diff:
        print("\n".join(differences(committed, catalog)) or "Nothing changes.")
        return 0
    options.output.write_text(render(catalog))
    counts = ", ".join(f"{len(specs)} {kind}" for kind, specs in catalog.objects.items())
    print(f"Keras {catalog.version}: {counts}")
    return 0


def _pairs(catalog: Catalog, data: dict[str, Any]) -> Iterator[tuple[ObjectSpec, dict[str, Any]]]:
    for kind, specs in catalog.objects.items():
        for name, spec in specs.items():
            yield spec, data["objects"][kind.value][name]


def _objects(kind: Kind, overlay: Overlay) -> Iterator[tuple[str, ObjectSpec]]:
    if kind is Kind.OPERATION:
        yield from derive_operations(overlay)
        return
    if kind is Kind.FUNCTION:
        return
    for name, names, target in _exported(kind):
        if not overlay.excluded(kind, name):
            yield name, _object(kind, name, names, target, overlay)
    for marker in overlay.markers(kind):
        spec = ObjectSpec.model_validate(
            {
                **marker,
                "qualified_name": "",
                "params": overlay.extra_params(marker["name"]),
            }
        )
        yield spec.name, spec


def _exported(kind: Kind) -> Iterator[tuple[str, list[str], Any]]:
    """Yield each public object once: its own name, every name it is exported under, and itself."""
    wanted = inspect.isfunction if kind is Kind.ACTIVATION else inspect.isclass
    if kind is Kind.LAYER:
        yield from ((name, [name], target) for name, (_, target) in _FURTHER_LAYERS.items())
    module, found = _MODULES[kind], {}  # type: Any, dict[int, tuple[Any, list[str]]]
    for name in sorted(dir(module)):
        target = getattr(module, name)
        if wanted(target) and not name.startswith("_"):
            found.setdefault(id(target), (target, []))[1].append(name)
    for target, names in found.values():
        own = target.__name__ if target.__name__ in names else names[0]
        yield own, names, target


def _object(kind: Kind, name: str, names: list[str], target: Any, overlay: Overlay) -> ObjectSpec:
    doc = _docstring(target)
    params = () if kind is Kind.ACTIVATION else tuple(_params(kind, name, target, doc, overlay))
    human = overlay.section("words", kind.value, name)
    ports = _ports(name, target, overlay) if kind is Kind.LAYER else ((), ())
    category = _category(kind, target)
    marker = "input" if name == "InputLayer" else ""
    return ObjectSpec(
        name=name,
        kind=kind,
        qualified_name=_qualified_name(kind, name, target),
        category=category,
        summary=human.get("summary", doc.summary),
        help=doc.body,
        identifiers=_identifiers(kind, name, names, target),
        aliases=tuple(human.get("aliases", ())),
        purposes=tuple(
            dict.fromkeys([*human.get("purposes", ()), *overlay.section("purposes", category or kind.value)])
        )
        if kind is Kind.LAYER
        else tuple(human.get("purposes", ())),
        params=params,
        inputs=() if marker else ports[0],
        outputs=ports[1],
        sample=_sample(kind, name, params, overlay),
        sample_inputs=_sample_inputs(name, category, ports[0], overlay) if kind is Kind.LAYER and not marker else {},
        marker=marker,
        own=target.__module__.startswith("app.layers."),
    )


def _qualified_name(kind: Kind, name: str, target: Any) -> str:
    if kind is Kind.LAYER and name in _FURTHER_LAYERS:
        return f"{target.__module__}.{name}"
    return f"{_MODULES[kind].__name__.replace('keras._tf_keras.', '').replace('.api', '')}.{name}"


def _docstring(target: Any) -> Docstring:
    """Return the docstring of a class, with arguments of the bases and of `__init__` filled in."""
    doc = parse_docstring(target.__doc__)
    arguments: dict[str, str] = {}
    if inspect.isclass(target):
        for base in reversed(target.__mro__):
            arguments |= parse_docstring(base.__dict__.get("__doc__")).arguments
            arguments |= parse_docstring(getattr(base.__dict__.get("__init__"), "__doc__", None)).arguments
    return dataclasses.replace(doc, arguments=arguments | doc.arguments)


def _category(kind: Kind, target: Any) -> str:
    if kind is not Kind.LAYER:
        return ""
    if target.__name__ in _FURTHER_LAYERS:
        return _FURTHER_LAYERS[target.__name__][0]
    parts = target.__module__.removeprefix("keras.src.layers.").split(".")
    group = "image_preprocessing" if "image_preprocessing" in parts else parts[0]
    return _CATEGORIES.get(group, group)


def _identifiers(kind: Kind, own: str, exported: list[str], target: Any) -> tuple[str, ...]:
    """Return the other names of `target`: those it is exported by, and strings by which Keras' own `get` finds it."""
    tables = {
        Kind.INITIALIZER: _initializers.ALL_OBJECTS_DICT,
        Kind.ACTIVATION: _activations.ALL_OBJECTS_DICT,
        Kind.LOSS: _losses.ALL_OBJECTS_DICT,
        Kind.METRIC: _metrics.ALL_OBJECTS_DICT,
        Kind.REGULARIZER: keras.src.regularizers.ALL_OBJECTS_DICT,
        Kind.CONSTRAINT: keras.src.constraints.ALL_OBJECTS_DICT,
    }
    function = to_snake_case(target.__name__)
    names = {
        str(name)
        for name, value in tables.get(kind, {}).items()
        if value is target or (inspect.isfunction(value) and value.__name__ == function)
    }
    if kind is Kind.OPTIMIZER:
        names = {target.__name__.lower()}
    names |= {*exported, target.__name__}
    return tuple(sorted(name for name in names - {own} if not name.islower() or _accepted(kind, name)))


def _accepted(kind: Kind, name: str) -> bool:
    """Whether Keras makes an object of the name alone; its tables hold some that need a config."""
    try:
        _MODULES[kind].get(name)
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _params(kind: Kind, owner: str, target: Any, doc: Docstring, overlay: Overlay) -> Iterator[ParamSpec]:
    parameters = [p for p in inspect.signature(target.__init__).parameters.values() if p.name != "self"]
    named = [p for p in parameters if p.kind not in {p.VAR_KEYWORD, p.VAR_POSITIONAL}]
    for parameter in named:
        if kind is Kind.LAYER and parameter.name == "name":
            continue
        if not overlay.hidden(owner, parameter.name):
            yield derive_param(owner, parameter, doc.arguments.get(parameter.name, ""), overlay)
    if kind is Kind.LAYER and len(named) < len(parameters):
        known = {p.name for p in named} | ({"trainable", "dtype"} if owner == "InputLayer" else set())
        yield from (base for base in _BASE_PARAMS if base.name not in known)
    yield from overlay.extra_params(owner)


def _name_defaults(catalog: Catalog) -> Catalog:
    """Return `catalog` with the defaults of object parameters turned into keys (`"zeros"` -> `"Zeros"`)."""

    def named(param: ParamSpec) -> ParamSpec:
        if param.object_kind is None or not isinstance(param.default, str):
            return param
        target = catalog.find(param.object_kind, param.default)
        if target is None:
            raise OverlayError(f"The default of {param.name}, {param.default!r}, is not in the catalog.")
        return param.model_copy(update={"default": target.name})

    return Catalog(
        version=catalog.version,
        objects={
            kind: {
                name: spec.model_copy(update={"params": tuple(named(param) for param in spec.params)})
                for name, spec in specs.items()
            }
            for kind, specs in catalog.objects.items()
        },
    )


def _ports(name: str, target: Any, overlay: Overlay) -> tuple[tuple[PortSpec, ...], tuple[PortSpec, ...]]:
    human = with_nulls(overlay.section("ports", name))
    argument = next(iter(p for p in inspect.signature(target.call).parameters if p != "self"), "inputs")
    inputs = human.get("inputs") or _usual_inputs(target, argument)
    outputs = human.get("outputs") or [{"name": "output"}]
    return tuple(map(PortSpec.model_validate, inputs)), tuple(map(PortSpec.model_validate, outputs))


def _usual_inputs(target: Any, argument: str) -> list[dict[str, Any]]:
    if target.__module__.startswith("keras.src.layers.merging."):
        return [{"name": "inputs", "argument": argument, "variadic": True}]
    ports: list[dict[str, Any]] = [{"name": "input", "argument": argument}]
    call = inspect.signature(target.call).parameters
    if "initial_state" in call:
        ports.append({"name": "initial_state", "argument": "initial_state", "variadic": True, "optional": True})
    if "states" in call:
        ports.append({"name": "states", "argument": "states", "variadic": True})
    if "mask" in call:
        ports.append({"name": "mask", "argument": "mask", "optional": True})
    return ports


def _sample(kind: Kind, name: str, params: tuple[ParamSpec, ...], overlay: Overlay) -> dict[str, Any]:
    human: dict[str, Any] | None = overlay.section("samples", kind.value, name) or None
    if human is not None:
        return with_nulls(human)
    if name == "InputLayer":
        return {"shape": [4]}
    missing = [p.name for p in params if p.required and p.name not in USUAL_SAMPLES]
    if missing:
        raise OverlayError(f"No sample value for {name}: {missing}. Add it to overlay.toml.")
    return {p.name: USUAL_SAMPLES[p.name] for p in params if p.required}


def _sample_inputs(name: str, category: str, ports: tuple[PortSpec, ...], overlay: Overlay) -> dict[str, Any]:
    human: dict[str, Any] | None = overlay.section("sample_inputs", name) or None
    if human is not None:
        return human
    rank = re.search(r"([123])D", name)
    shapes = {"1": [8, 4], "2": [8, 8, 4], "3": [6, 6, 6, 2]}
    if category == "image_preprocessing":
        shape = [16, 16, 3]
    elif rank:
        shape = shapes[rank[1]]
    else:
        shape = [6, 4] if category == "recurrent" else [4]
    return {f"{port.name}.{n}": shape for port in ports if port.variadic and not port.optional for n in (0, 1)} | {
        port.name: shape for port in ports if not port.variadic and not port.optional
    }
