"""What kind of value a Keras parameter takes, inferred in stages: its name, its default, its docstring."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.catalog.model import Kind, ParamKind

_OBJECTS: tuple[tuple[str, Kind], ...] = (
    (r"(.*_)?initializer", Kind.INITIALIZER),
    (r"(.*_)?regularizer", Kind.REGULARIZER),
    (r"(.*_)?constraint", Kind.CONSTRAINT),
    (r"(.*_)?activation", Kind.ACTIVATION),
    (r"learning_rate", Kind.SCHEDULE),
    (r"inner_optimizer", Kind.OPTIMIZER),
    (r"on_(epoch|(train|test|predict)(_batch)?)_(begin|end)", Kind.FUNCTION),
)

_NAMES: tuple[tuple[str, ParamKind], ...] = (
    (r"kernel_size|strides|pool_size|dilation_rate|output_padding|tile_grid_size|output_size", ParamKind.SIZE),
    (r"size", ParamKind.SIZE),
    (r"shape|batch_shape|target_shape|noise_shape|output_shape|dims", ParamKind.SHAPE),
    (r"axis|axes|.*_axes", ParamKind.AXIS),
    (r"dtype|.*_dtype", ParamKind.DTYPE),
    (r"layer|backward_layer|cell", ParamKind.LAYER),
    (r"layers|cells", ParamKind.LAYERS),
    (r"(.*_)?factor|value_range|thresholds|idf_weights|bin_boundaries|boundaries|values", ParamKind.NUMBERS),
    (
        r".*_steps|max_tokens|ignore_class|ema_overwrite_frequency|output_sequence_length|seed|units|filters|.*_dim|num_.*|lora_rank|batch_size|height|width|k|top_k|class_id|patience|cooldown",
        ParamKind.INTEGER,
    ),
    (
        r"rate|.*dropout|momentum|epsilon|min_delta|max_value|min_value|label_smoothing|fill_value|baseline|min_lr|"
        r"weight_decay|clipnorm|clipvalue|global_clipnorm|loss_scale_factor|lora_alpha",
        ParamKind.NUMBER,
    ),
    (r"use_.*|return_.*|(.*_)?sparse.*|stateful|unroll|trainable|keepdims|from_logits", ParamKind.BOOLEAN),
    (r"name|monitor|filepath|filename|log_dir|encoding", ParamKind.TEXT),
)

_NUMBER_FACTORS = {"loss_scale_factor", "ReduceLROnPlateau.factor", "OrthogonalRegularizer.factor"}

_CHOICES: dict[str, tuple[str, ...]] = {
    "data_format": ("channels_last", "channels_first"),
    "reduction": ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"),
}

_USUAL_CHOICES: dict[str, tuple[str, ...]] = {
    "interpolation": ("nearest", "bilinear"),
    "fill_mode": ("constant", "nearest", "wrap", "reflect"),
    "window": ("hann", "hamming"),
}
"""Used where the docstring lists nothing of its own."""

_MINIMUM: dict[str, float] = {
    **dict.fromkeys(
        (
            "units",
            "filters",
            "input_dim",
            "output_dim",
            "num_heads",
            "key_dim",
            "value_dim",
            "head_dim",
            "groups",
            "num_query_heads",
            "num_key_value_heads",
            "n",
            "kernel_size",
            "strides",
            "pool_size",
            "dilation_rate",
            "size",
            "depth_multiplier",
            "power_iterations",
            "num_tokens",
            "height",
            "width",
            "batch_size",
            "k",
            "top_k",
            "num_bins",
            "decay_steps",
            "first_decay_steps",
            "num_classes",
            "gradient_accumulation_steps",
            "lora_rank",
            "output_size",
            "ema_overwrite_frequency",
            "num_thresholds",
            "num_mel_bins",
            "frame_length",
            "fft_length",
            "bins",
        ),
        1,
    ),
    **dict.fromkeys(
        (
            "seed",
            "epsilon",
            "patience",
            "cooldown",
            "rate",
            "dropout",
            "recurrent_dropout",
            "momentum",
            "rho",
            "beta_1",
            "beta_2",
            "ema_momentum",
            "stddev",
            "weight_decay",
            "label_smoothing",
            "min_lr",
            "start_from_epoch",
            "renorm_momentum",
            "warmup_steps",
        ),
        0,
    ),
}
_MAXIMUM: dict[str, float] = dict.fromkeys(
    ("rate", "dropout", "recurrent_dropout", "momentum", "ema_momentum", "label_smoothing", "renorm_momentum"), 1
)
_UNBOUNDED = {
    "ExponentialDecay",
    "InverseTimeDecay",
    *("ops.diag", "ops.diagflat", "ops.rot90", "ops.tril", "ops.triu"),
}
"""Their numbers may be negative: the `k` of a diagonal, or of quarter turns."""

_QUOTED = r"[`\"']{1,3}([A-Za-z_][\w\-]*)[`\"']{1,3}"
_DOCUMENTED: tuple[tuple[str, ParamKind], ...] = (
    (r"(a )?(bool\b|boolean|whether|if true|flag)", ParamKind.BOOLEAN),
    (r"(a |an )?(non-negative |positive |optional |python )*(int\b|integer)(?!.*\b(tuple|list)\b)", ParamKind.INTEGER),
    (
        r"(a |an )?(small |positive |non-negative |optional |python |scalar )*(float|number|scalar)"
        r"(?!.*\b(tuple|list)\b)",
        ParamKind.NUMBER,
    ),
    (r"(an? )?(optional )?(int|integer|float).*\b(tuple|list)\b", ParamKind.NUMBERS),
    (r"(a |an )?(optional )?(list|tuple|array).*\b(float|int|number)", ParamKind.NUMBERS),
    (r"(an? )?(optional )?list of (str|regex)", ParamKind.STRINGS),
    (r"(an? |the )?(optional )?(str\b|string)", ParamKind.TEXT),
)


REQUIRED = inspect.Parameter.empty
"""Stands for the default of a parameter that has none."""


@dataclass(frozen=True)
class Inferred:
    """What inference found out about one parameter; `stage` says which stage answered."""

    kind: ParamKind
    stage: str
    choices: tuple[str, ...] = ()
    object_kind: Kind | None = None
    rank: int | None = None
    minimum: float | None = None
    maximum: float | None = None


def infer(owner: str, name: str, default: Any, documented: str) -> Inferred | None:
    """Return what parameter `name` of class `owner` takes, or None when no stage can tell.

    `default` is `inspect.Parameter.empty` for a required parameter; `documented` is its docstring entry.
    """
    for stage in (_by_name, _by_default, _by_docstring):
        found = stage(owner, name, default, documented)
        if found is not None:
            return found
    return None


Stage = Callable[[str, str, Any, str], Inferred | None]


def _by_name(owner: str, name: str, default: Any, documented: str) -> Inferred | None:
    for pattern, object_kind in _OBJECTS:
        if re.fullmatch(pattern, name):
            return Inferred(ParamKind.OBJECT, "name", object_kind=object_kind)
    if name in _CHOICES:
        return Inferred(ParamKind.CHOICE, "name", choices=_CHOICES[name])
    if name in _NUMBER_FACTORS or f"{owner}.{name}" in _NUMBER_FACTORS:
        return Inferred(ParamKind.NUMBER, "name")
    for pattern, kind in _NAMES:
        if re.fullmatch(pattern, name) and _fits(kind, default):
            return _bounded(owner, name, kind, "name")
    return None


def _by_default(owner: str, name: str, default: Any, documented: str) -> Inferred | None:
    if isinstance(default, bool):
        return Inferred(ParamKind.BOOLEAN, "default")
    if isinstance(default, int):
        says_float = re.match(r"(a )?(positive )?float", documented, re.IGNORECASE)
        return _bounded(owner, name, ParamKind.NUMBER if says_float else ParamKind.INTEGER, "default")
    if isinstance(default, float):
        return _bounded(owner, name, ParamKind.NUMBER, "default")
    if isinstance(default, str):
        choices = _choices(documented, default) or _USUAL_CHOICES.get(name, ())
        return Inferred(ParamKind.CHOICE if choices else ParamKind.TEXT, "default", choices=choices)
    if isinstance(default, tuple | list) and all(isinstance(item, int | float) for item in default):
        return Inferred(ParamKind.NUMBERS, "default")
    if isinstance(default, tuple) and all(isinstance(item, tuple) for item in default):
        return Inferred(ParamKind.JSON, "default")
    return None


def _by_docstring(owner: str, name: str, default: Any, documented: str) -> Inferred | None:
    choices = _choices(documented, None)
    if choices:
        return Inferred(ParamKind.CHOICE, "docstring", choices=choices)
    text = documented.replace("`", "").strip().lower()
    text = re.sub(r"^optional[.,]?\s+", "", text)
    for pattern, kind in _DOCUMENTED:
        if re.match(pattern, text.split(". ")[0].split("\n\n")[0], re.DOTALL):
            return _bounded(owner, name, kind, "docstring")
    return None


def _fits(kind: ParamKind, default: Any) -> bool:
    if kind is ParamKind.BOOLEAN:
        return isinstance(default, bool)
    if kind in {ParamKind.INTEGER, ParamKind.NUMBER}:
        return not isinstance(default, bool | str | tuple | list)
    return not isinstance(default, bool)


def _bounded(owner: str, name: str, kind: ParamKind, stage: str) -> Inferred:
    if kind not in {ParamKind.INTEGER, ParamKind.NUMBER, ParamKind.SIZE} or owner in _UNBOUNDED:
        return Inferred(kind, stage)
    rank = re.search(r"([123])D", owner)
    return Inferred(
        kind,
        stage,
        rank=int(rank[1]) if rank and kind is ParamKind.SIZE else None,
        minimum=_MINIMUM.get(name),
        maximum=_MAXIMUM.get(name),
    )


def _choices(documented: str, default: str | None) -> tuple[str, ...]:
    """Read a closed list of strings out of a docstring entry: `One of "a", "b"`, `either "a" or "b"`, `"a" or "b"`."""
    text = re.sub(r"\s+", " ", documented)
    text = re.split(r"(?i)\bdefaults?\b|\(default", text)[0]
    lead = re.search(r"(?i)\b(one of|either|must be|can be|options? (are|is)|supported|possible values|in \{)", text)
    listed = re.search(rf"{_QUOTED}(?: ?\([^)]*\))?(?:,? or |, | \| |/)\s*{_QUOTED}", text)
    if not lead and not listed:
        return ()
    start = min(match.start() for match in (lead, listed) if match)
    found = re.findall(r"[`\"']*[\"']([A-Za-z_][\w\-]*)[\"'][`\"']*", text[start:])
    choices = tuple(dict.fromkeys(word for word in found if word not in {"None", "True", "False"}))
    if len(choices) < 2 or (default is not None and default not in choices):
        return ()
    return choices
