"""Whether a function takes what it is called with: as Python itself says when it is called so."""

import pytest

from app.catalog.functions import accepts

SIGNATURES = [
    "",
    "epoch",
    "epoch, logs",
    "epoch, logs=None",
    "epoch, logs, more",
    "epoch, /, logs",
    "batch, logs, /",
    "batch, *, logs",
    "batch, *, logs=None, more=1",
    "batch, *, more",
    "*given",
    "*given, **named",
    "batch: int, logs: 'dict[str, float] | None' = None",
    "logs, batch",
    "**named",
]
CALLS = [["logs"], ["epoch", "logs"], ["batch", "logs="], []]


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_what_is_accepted_is_what_python_calls(signature: str, call: list[str]) -> None:
    names: dict[str, object] = {}
    exec(f"def function({signature}): pass", names)
    arguments = ", ".join(f"{name}0" if name.endswith("=") else "0" for name in call)
    try:
        exec(f"function({arguments})", names)
        works = True
    except TypeError:
        works = False
    assert accepts(signature, call) is works


def test_a_signature_that_no_call_fits() -> None:
    assert not accepts("a, a", ["a", "a"])
