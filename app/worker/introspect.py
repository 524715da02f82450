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
from keras.src.utils.naming import to_snake_case

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec, PortSpec
from app.worker.docstring import Docstring, parse_docstring, plain_text
from app.worker.infer import infer

CATALOG_FILE = Path(__file__).parent.parent / "catalog" / "catalog.json"
OVERLAY_FILE = Path(__file__).parent.parent / "catalog" / "overlay.toml"

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

_ADVANCED = re.compile(
    r".*_(initializer|regularizer|constraint)|dtype|.*_dtype|trainable|name|data_format|lora_.*|use_cudnn|flash_attention|"
    r"unroll|ema_.*|use_ema|loss_scale_factor|gradient_accumulation_steps|global_clipnorm|renorm.*|synchronized|seed|"
    r"noise_shape|unit_forget_bias|reset_after|zero_output_for_mask|verbose|reduction|ragged|sparse|optional|"
    r"input_axes|output_axes|optional|clipvalue|encoding|idf_weights|salt"
)

_USUAL_SAMPLES: dict[str, Any] = {
    "units": 4,
    "filters": 4,
    "kernel_size": 2,
    "pool_size": 2,
    "output_size": 2,
    "rate": 0.5,
    "stddev": 0.1,
    "factor": 0.2,
    "height": 6,
    "width": 6,
    "height_factor": 0.2,
    "width_factor": 0.2,
    "n": 3,
    "num_bins": 4,
    "num_heads": 2,
    "key_dim": 2,
    "input_dim": 10,
    "output_dim": 4,
    "scale": 0.5,
    "max_number": 3,
    "activation": "relu",
    "initial_learning_rate": 0.1,
    "decay_steps": 100,
    "first_decay_steps": 100,
    "decay_rate": 0.9,
    "num_classes": 3,
    "recall": 0.5,
    "precision": 0.5,
    "specificity": 0.5,
    "sensitivity": 0.5,
    "filename": "log.csv",
    "filepath": "best.keras",
}


class OverlayError(Exception):
    """The overlay and inference disagree about who answers: names the entry and what to do."""


def build_catalog() -> Catalog:
    """Return the catalog of the installed Keras; raise `OverlayError` when a parameter stays unknown."""
    overlay = _Overlay(tomllib.loads(OVERLAY_FILE.read_text()))
    objects = {kind: dict(sorted(_objects(kind, overlay))) for kind in Kind if kind in _MODULES}
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
    """Write the committed catalog, or with `--output FILE` the same to another file."""
    parser = argparse.ArgumentParser(prog=f"python -m app.worker {name}", description=command.__doc__)
    parser.add_argument("--output", type=Path, default=CATALOG_FILE)
    output: Path = parser.parse_args(arguments).output
    catalog = build_catalog()
    output.write_text(render(catalog))
    counts = ", ".join(f"{len(specs)} {kind}" for kind, specs in catalog.objects.items())
    print(f"Keras {catalog.version}: {counts}")
    return 0


def _pairs(catalog: Catalog, data: dict[str, Any]) -> Iterator[tuple[ObjectSpec, dict[str, Any]]]:
    for kind, specs in catalog.objects.items():
        for name, spec in specs.items():
            yield spec, data["objects"][kind.value][name]


class _Overlay:
    """The human part, which keeps count of what was used so that nothing in it can rot."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._unused = {("exclude", kind, name) for kind, names in data["exclude"].items() for name in names}
        self._unused |= {("params", "", key) for key in data["params"]}
        self._unused |= {("words", kind, name) for kind, names in data["words"].items() for name in names}
        self._unused |= {("samples", kind, name) for kind, names in data["samples"].items() for name in names}
        self._unused |= {(part, "", name) for part in ("sample_inputs", "ports") for name in data[part]}
        self._unused |= {("hidden", owner, name) for owner, names in data["hidden"].items() for name in names}

    def excluded(self, kind: Kind, name: str) -> bool:
        self._unused.discard(("exclude", kind.value, name))
        return name in self._data["exclude"].get(kind.value, {})

    def hidden(self, owner: str, name: str) -> bool:
        self._unused.discard(("hidden", owner, name))
        return name in self._data["hidden"].get(owner, [])

    def param(self, owner: str, inferred: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a parameter with the overlay's laid over; fail when it says nothing new."""
        key = f"{owner}.{inferred['name']}"
        entry = self._data["params"].get(key)
        if entry is None:
            return inferred
        self._unused.discard(("params", "", key))
        entry = {name: _frozen(value) for name, value in entry.items()}
        told = [name for name, value in entry.items() if inferred.get(name) == value]
        if len(told) == len(entry):
            raise OverlayError(f"overlay.toml: inference now answers {key} by itself. Remove the entry.")
        return {**inferred, **entry}

    def extra_params(self, owner: str) -> tuple[ParamSpec, ...]:
        extra = self._data["extra_params"].get(owner, {})
        return tuple(ParamSpec.model_validate({"name": name, **fields}) for name, fields in extra.items())

    def markers(self, kind: Kind) -> list[dict[str, Any]]:
        return [marker for marker in self._data["markers"] if marker["kind"] == kind.value]

    def section(self, *path: str) -> Any:
        """Return the table at `path`, empty when there is none."""
        self._unused.discard((path[0], path[1] if len(path) > 2 else "", path[-1]))
        place: Any = self._data
        for key in path:
            place = place.get(key, {})
        return place

    def finish(self) -> None:
        if self._unused:
            raise OverlayError(f"overlay.toml names what Keras does not have: {sorted(self._unused)}. Remove it.")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _objects(kind: Kind, overlay: _Overlay) -> Iterator[tuple[str, ObjectSpec]]:
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
    module, found = _MODULES[kind], {}  # type: Any, dict[int, tuple[Any, list[str]]]
    for name in sorted(dir(module)):
        target = getattr(module, name)
        if wanted(target) and not name.startswith("_"):
            found.setdefault(id(target), (target, []))[1].append(name)
    for target, names in found.values():
        own = target.__name__ if target.__name__ in names else names[0]
        yield own, names, target


def _object(kind: Kind, name: str, names: list[str], target: Any, overlay: _Overlay) -> ObjectSpec:
    doc = _docstring(target)
    params = () if kind is Kind.ACTIVATION else tuple(_params(kind, name, target, doc, overlay))
    human = overlay.section("words", kind.value, name)
    ports = _ports(name, target, overlay) if kind is Kind.LAYER else ((), ())
    category = _category(kind, target)
    marker = "input" if name == "InputLayer" else ""
    return ObjectSpec(
        name=name,
        kind=kind,
        qualified_name=f"{_MODULES[kind].__name__.replace('keras._tf_keras.', '').replace('.api', '')}.{name}",
        category=category,
        summary=human.get("summary", doc.summary),
        help=doc.body,
        identifiers=tuple(sorted({*names, target.__name__, *_identifiers(kind, target)} - {name})),
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
    )


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
    parts = target.__module__.removeprefix("keras.src.layers.").split(".")
    group = "image_preprocessing" if "image_preprocessing" in parts else parts[0]
    return _CATEGORIES.get(group, group)


def _identifiers(kind: Kind, target: Any) -> set[str]:
    """Return the strings by which Keras' own `get` finds `target`."""
    tables = {
        Kind.INITIALIZER: _initializers.ALL_OBJECTS_DICT,
        Kind.ACTIVATION: _activations.ALL_OBJECTS_DICT,
        Kind.LOSS: _losses.ALL_OBJECTS_DICT,
        Kind.METRIC: _metrics.ALL_OBJECTS_DICT,
        Kind.REGULARIZER: keras.src.regularizers.ALL_OBJECTS_DICT,
        Kind.CONSTRAINT: keras.src.constraints.ALL_OBJECTS_DICT,
    }
    if kind is Kind.OPTIMIZER:
        return {target.__name__.lower()}
    function = to_snake_case(target.__name__)
    return {
        str(name)
        for name, value in tables.get(kind, {}).items()
        if value is target or (inspect.isfunction(value) and value.__name__ == function)
    }


def _params(kind: Kind, owner: str, target: Any, doc: Docstring, overlay: _Overlay) -> Iterator[ParamSpec]:
    yield from overlay.extra_params(owner)
    parameters = [p for p in inspect.signature(target.__init__).parameters.values() if p.name != "self"]
    named = [p for p in parameters if p.kind not in {p.VAR_KEYWORD, p.VAR_POSITIONAL}]
    for parameter in named:
        if kind is Kind.LAYER and parameter.name == "name":
            continue
        if not overlay.hidden(owner, parameter.name):
            yield _param(kind, owner, parameter, doc.arguments.get(parameter.name, ""), overlay)
    if kind is Kind.LAYER and len(named) < len(parameters):
        known = {p.name for p in named} | ({"trainable", "dtype"} if owner == "InputLayer" else set())
        yield from (base for base in _BASE_PARAMS if base.name not in known)


def _param(kind: Kind, owner: str, parameter: inspect.Parameter, documented: str, overlay: _Overlay) -> ParamSpec:
    name, required = parameter.name, parameter.default is inspect.Parameter.empty
    inferred = infer(owner, name, parameter.default, documented)
    fields: dict[str, Any] = {"name": name, "required": required}
    if inferred is not None:
        fields |= {key: value for key, value in dataclasses.asdict(inferred).items() if key != "stage"}
    if not required:
        fields["default"] = _as_json(parameter.default)
    fields["nullable"] = parameter.default is None or bool(
        inferred and inferred.kind is ParamKind.CHOICE and name != "padding" and re.search(r"\bNone\b", documented)
    )
    fields["help"] = plain_text(documented)
    fields["advanced"] = bool(_ADVANCED.fullmatch(name)) and not required
    fields = overlay.param(owner, fields)
    if "kind" not in fields:
        raise OverlayError(
            f"No stage knows what {owner}.{name} takes (default {parameter.default!r}). Add it to overlay.toml."
        )
    return ParamSpec.model_validate(fields)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_as_json(item) for item in value]
    return value


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


def _ports(name: str, target: Any, overlay: _Overlay) -> tuple[tuple[PortSpec, ...], tuple[PortSpec, ...]]:
    human = _with_nulls(overlay.section("ports", name))
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
    return ports


def _sample(kind: Kind, name: str, params: tuple[ParamSpec, ...], overlay: _Overlay) -> dict[str, Any]:
    human: dict[str, Any] | None = overlay.section("samples", kind.value, name) or None
    if human is not None:
        return _with_nulls(human)
    if name == "InputLayer":
        return {"shape": [4]}
    missing = [p.name for p in params if p.required and p.name not in _USUAL_SAMPLES]
    if missing:
        raise OverlayError(f"No sample value for {name}: {missing}. Add it to overlay.toml.")
    return {p.name: _USUAL_SAMPLES[p.name] for p in params if p.required}


def _sample_inputs(name: str, category: str, ports: tuple[PortSpec, ...], overlay: _Overlay) -> dict[str, Any]:
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


def _with_nulls(value: Any) -> Any:
    """TOML has no null: the text `null` stands for it."""
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    return None if value == "null" else value
