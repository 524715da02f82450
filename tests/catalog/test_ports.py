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
        ("LSTM", {}, ["input", "initial_state", "mask"], ["output"]),
        ("LSTM", {"return_state": True}, ["input", "initial_state", "mask"], ["output", "state_h", "state_c"]),
        (
            "MultiHeadAttention",
            {},
            ["query", "value", "key", "attention_mask", "query_mask", "value_mask", "key_mask"],
            ["output"],
        ),
        ("Attention", {}, ["query", "value", "key", "query_mask", "value_mask"], ["output"]),
        (
            "Attention",
            {"return_attention_scores": True},
            ["query", "value", "key", "query_mask", "value_mask"],
            ["output", "attention_scores"],
        ),
        ("Model", {"graph": "inner"}, ["inputs"], ["outputs"]),
        ("ops.add", {}, ["x1", "x2"], ["output"]),
        ("ops.svd", {}, ["x"], ["u", "s", "v"]),
        ("ops.svd", {"compute_uv": False}, ["x"], ["s"]),
        ("Bidirectional", {"merge_mode": None}, ["input", "initial_state", "mask"], ["output", "backward_output"]),
        ("Bidirectional", {"layer": "LSTM"}, ["input", "initial_state", "mask"], ["output"]),
        ("InputLayer", {}, [], ["output"]),
        ("Output", {}, ["input"], []),
    ],
)
def test_ports(name: str, params: dict[str, Any], inputs: list[str], outputs: list[str]) -> None:
    spec = get_spec("layers", name)
    assert [port.name for port in input_ports(spec, params)] == inputs
    assert [port.name for port in output_ports(spec, params)] == outputs


def test_a_layer_that_is_referred_to_counts_with_its_parameters() -> None:
    layers = {
        "rnn": {"class_name": "RNN", "config": {"cell": {"layer": "cell"}, "return_state": True}},
        "cell": {"class_name": "LSTMCell", "config": {"units": 2}},
    }

    def names(name: str, params: dict[str, Any]) -> list[str]:
        spec = get_spec("layers", name)
        return [port.name for port in output_ports(spec, params, lambda value: layers.get(value.get("layer"), value))]

    assert names("RNN", layers["rnn"]["config"]) == ["output", "state_h", "state_c"]
    both = ["output", "forward_h", "forward_c", "backward_h", "backward_c"]
    assert names("Bidirectional", {"layer": {"layer": "rnn"}}) == both
    assert names("Bidirectional", {"layer": layers["rnn"]}) == both


def test_arguments_of_attention() -> None:
    assert [port.argument for port in get_spec("layers", "Attention").inputs] == ["inputs"] * 3 + ["mask"] * 2
    assert [port.argument for port in get_spec("layers", "MultiHeadAttention").inputs[:3]] == ["query", "value", "key"]
