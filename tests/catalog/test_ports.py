"""Ports that depend on parameters."""

from typing import Any

import pytest

from app.catalog.ports import input_ports, output_ports
from app.catalog.registry import get_spec


@pytest.mark.parametrize(
    ("name", "params", "inputs", "outputs"),
    [
        ("Dense", {}, ["input"], ["output"]),
        ("Concatenate", {}, ["inputs"], ["output"]),
        ("LSTM", {}, ["input", "initial_state"], ["output"]),
        ("LSTM", {"return_state": True}, ["input", "initial_state"], ["output", "state_h", "state_c"]),
        ("MultiHeadAttention", {}, ["query", "value", "key", "attention_mask"], ["output"]),
        ("Attention", {}, ["query", "value", "key"], ["output"]),
        ("Bidirectional", {"merge_mode": None}, ["input", "initial_state"], ["output", "backward_output"]),
        ("Bidirectional", {"layer": "LSTM"}, ["input", "initial_state"], ["output"]),
        ("InputLayer", {}, [], ["output"]),
        ("Output", {}, ["input"], []),
    ],
)
def test_ports(name: str, params: dict[str, Any], inputs: list[str], outputs: list[str]) -> None:
    spec = get_spec("layers", name)
    assert [port.name for port in input_ports(spec, params)] == inputs
    assert [port.name for port in output_ports(spec, params)] == outputs


def test_arguments_of_attention() -> None:
    assert {port.argument for port in get_spec("layers", "Attention").inputs} == {"inputs"}
    assert [port.argument for port in get_spec("layers", "MultiHeadAttention").inputs[:3]] == ["query", "value", "key"]
