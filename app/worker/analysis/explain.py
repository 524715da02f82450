"""Keras' errors in words for someone who drew a network: which node and port, expected, got, whose fault, what to do.

Each rule of `app.worker.faults` knows one family of messages of Keras 3. It proposes fixes; only one that was tried on
a copy of the design and mended it is offered.
"""

import re
from collections.abc import Callable
from typing import Final

from app.graph.model import Problem
from app.worker.faults import params, ranks, sizes
from app.worker.faults.site import RECURRENT, Account, Site, received_from, shown
from app.worker.faults.sizes import width_setter

__all__ = ["RECURRENT", "Site", "clean", "explain", "shown", "width_setter"]

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPED: Final = re.compile(r"^Exception encountered when calling .*?\.call\(\)\.\s*", re.DOTALL)
_ARGUMENTS: Final = re.compile(r"\s*Arguments received by .*$", re.DOTALL)
_LAYER_NAME: Final = re.compile(r"Input (\d+) with name '[^']*' of layer '[^']*' is incompatible with the layer: ")

Rule = Callable[[Site, re.Match[str]], Account | None]


def explain(site: Site, fault: str) -> Problem:
    """Return the problem behind `fault`, the message of an exception that Keras raised at `site`."""
    text = clean(fault)
    for pattern, rule in _RULES:
        match = pattern.search(text)
        account = rule(site, match) if match else None
        if account is not None:
            break
    else:
        account = _unexplained(site, text)
    wire = account.wire
    return Problem(
        code=account.code,
        node=site.node,
        port=wire.target_port if wire else "",
        upstream=account.upstream or (wire.source if wire else ""),
        param=account.param,
        message=account.message,
        expected=account.expected,
        received=account.received or received_from(site, wire),
        hint=account.hint,
        fix=next((fix for fix in account.fixes if site.works(fix)), None),
    )


def clean(fault: str) -> str:
    """Return a message of Keras without colours, frames and argument dumps."""
    text = _ANSI.sub("", fault)
    kind, separator, rest = text.partition(": ")
    if separator and kind.isidentifier():
        text = rest
    return _ARGUMENTS.sub("", _WRAPPED.sub("", text)).strip()


def _unexplained(site: Site, text: str) -> Account:
    first = _LAYER_NAME.sub("", text).split("\n")[0][:500]
    return Account(
        code="keras_error",
        message=f"{site.name} cannot be built here: {first}",
        wire=site.wires[0] if len(site.wires) == 1 else None,
        received=", ".join(received_from(site, wire) for wire in site.wires)[:500],
        hint="Look at its parameters, and at the shape that comes in.",
    )


_RULES: Final[tuple[tuple[re.Pattern[str], Rule], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), rule)
    for pattern, rule in (
        (r"Input (?P<index>\d+) .*expected (?P<bound>min_|max_|)ndim=(?P<expected>\d+), found", ranks.wrong_rank),
        (
            r"Input (?P<index>\d+) .*expected axis (?P<axis>-?\d+) of input shape to have value (?P<expected>\d+)",
            sizes.wrong_axis,
        ),
        (
            r"`TimeDistributed` Layer should be passed|Kernel shape must have the same length",
            ranks.without_time,
        ),
        (r"requires inputs with matching shapes|Inputs have incompatible shapes", sizes.shapes_differ),
        (r"axis values (?P<one>\d+) \(at .*\) != (?P<two>\d+)", sizes.dot),
        (r"should be called on exactly (?P<count>\d+) inputs", params.input_count),
        (r"initial_state takes exactly (?P<count>\d+) states", params.state_count),
        (r"output size would be (zero or )?negative", sizes.output_too_small),
        (r"smaller than the corresponding spatial dimension", params.cropping),
        (
            r"must be fully-defined|should be defined|NoneType' and 'int|last dimension .* Found `?None",
            sizes.undefined_axis,
        ),
        (r"groups=(?P<groups>\d+), but the input has (?P<channels>\d+) channels", params.groups),
        (r"Number of groups \((?P<groups>\d+)\).*channels \((?P<channels>\d+)\)", params.groups),
        (r"filters must be evenly divisible .*groups=(?P<groups>\d+), filters=(?P<filters>\d+)", params.filters_groups),
        (
            r"total size of the tensor must be unchanged.*input_shape=(?P<before>\(.*?\)), "
            r"target_shape=(?P<after>\(.*?\))",
            params.reshape_size,
        ),
        (r"index out of range|out of bounds|`axis` values must be in the range", params.invalid_axis),
        (r"batch size must be static", params.needs_batch_size),
        (r"unexpected keyword argument '(?P<name>\w+)'", params.call_argument),
        (r"[Cc]annot cast string|Unable to convert .*string|of type string", params.wrong_dtype),
        (r"", params.invalid_param),
    )
)
