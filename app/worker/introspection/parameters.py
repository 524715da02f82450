"""A parameter of a Python signature as a `ParamSpec`: inference first, then the overlay."""

import dataclasses
import inspect
import re
from typing import Any

from app.catalog.docstring import plain_text
from app.catalog.infer import infer
from app.catalog.model import ParamKind, ParamSpec
from app.worker.introspection.overlay import Overlay, OverlayError

_ADVANCED = re.compile(
    r".*_(initializer|regularizer|constraint)|dtype|.*_dtype|trainable|name|data_format|lora_.*|use_cudnn|flash_attention|"
    r"unroll|ema_.*|use_ema|loss_scale_factor|gradient_accumulation_steps|global_clipnorm|renorm.*|synchronized|seed|"
    r"noise_shape|unit_forget_bias|reset_after|zero_output_for_mask|verbose|reduction|ragged|sparse|optional|"
    r"input_axes|output_axes|optional|clipvalue|encoding|idf_weights|salt"
)

USUAL_SAMPLES: dict[str, Any] = {
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
"""Values that build an object, by the name of the parameter."""


def derive_param(owner: str, parameter: inspect.Parameter, documented: str, overlay: Overlay) -> ParamSpec:
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
