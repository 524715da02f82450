import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.graph.cost import Cost, cost_of, flops_of, training_bytes

CASES = {
    # name: class, params, inputs, outputs, weights, operations worked out by hand
    "dense": ("Dense", {"units": 10}, [(None, 20)], [(None, 10)], 210, 10 * (2 * 20 + 1)),
    "dense without bias": ("Dense", {"use_bias": False}, [(None, 20)], [(None, 10)], 200, 10 * 2 * 20),
    "dense along a sequence": ("Dense", {}, [(None, 7, 20)], [(None, 7, 10)], 210, 7 * 10 * 41),
    "convolution": ("Conv2D", {}, [(None, 16, 16, 3)], [(None, 14, 14, 8)], 224, 14 * 14 * 8 * (2 * 27 + 1)),
    "grouped convolution": ("Conv2D", {}, [(None, 8, 8, 4)], [(None, 6, 6, 4)], 76, 36 * 4 * (2 * 18 + 1)),
    "depthwise": ("DepthwiseConv2D", {}, [(None, 16, 16, 4)], [(None, 14, 14, 4)], 40, 196 * 4 * (2 * 9 + 1)),
    "transposed": ("Conv2DTranspose", {}, [(None, 8, 8, 4)], [(None, 16, 16, 8)], 296, 64 * 2 * 288 + 16 * 16 * 8),
    "channels first": (
        "Conv2D",
        {"data_format": "channels_first"},
        [(None, 3, 16, 16)],
        [(None, 8, 14, 14)],
        224,
        14 * 14 * 8 * 55,
    ),
    "locally connected": ("LocallyConnected1D", {}, [(None, 10, 32)], [(None, 8, 64)], 49_664, 2 * 49_152 + 512),
    "lstm": ("LSTM", {}, [(None, 5, 4)], [(None, 8)], 416, 5 * 2 * 416),
    "open length counts as one step": ("GRU", {}, [(None, None, 4)], [(None, 8)], 336, 2 * 336),
    "average pooling": ("AveragePooling2D", {"pool_size": 3}, [(None, 9, 9, 2)], [(None, 3, 3, 2)], 0, 18 * 9),
    "global pooling": ("GlobalAveragePooling2D", {}, [(None, 9, 9, 2)], [(None, 2)], 0, 162),
    "attention": ("Attention", {}, [(None, 6, 16)] * 2, [(None, 6, 16)], 0, 36 * (32 + 32 + 5)),
    "heads": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 8},
        [(None, 6, 16)] * 2,
        [(None, 6, 16)],
        1_088,
        4 * 2 * 6 * 16 * 16 + 2 * 36 * (16 + 16 + 5),
    ),
    "dense at every step": (
        "TimeDistributed",
        {"layer": {"class_name": "Dense", "config": {"units": 10}}},
        [(None, 7, 3, 20)],
        [(None, 7, 3, 10)],
        210,
        7 * 3 * 10 * 41,
    ),
    "a normalised kernel": (
        "SpectralNormalization",
        {"layer": {"class_name": "Dense", "config": {"units": 4}}},
        [(None, 5)],
        [(None, 4)],
        28,
        4 * 11,
    ),
    "sum of three": ("Add", {}, [(None, 4)] * 3, [(None, 4)], 0, 8),
    "matrix product": ("ops.matmul", {}, [(None, 3, 4), (None, 4, 5)], [(None, 3, 5)], 0, 2 * 15 * 4),
    "moving values": ("Reshape", {}, [(None, 12)], [(None, 3, 4)], 0, 0),
    "looking up": ("Embedding", {}, [(None, 9)], [(None, 9, 16)], 1_600, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_operations_are_those_worked_out_by_hand(name: str) -> None:
    class_name, params, inputs, outputs, weights, expected = CASES[name]

    assert flops_of(class_name, params, inputs, outputs, weights) == expected


def test_activations_count_the_bytes_of_their_type() -> None:
    assert cost_of("Add", {}, [(None, 10)] * 2, [(None, 10)], 0, ["float16"]) == Cost(flops=10, activation_bytes=20)
    assert cost_of("Add", {}, [(None, 10)] * 2, [(None, 10)], 0) == Cost(flops=10, activation_bytes=40)


def test_training_keeps_gradients_optimizer_state_and_activations_twice() -> None:
    sgd = training_bytes(weights=100, trainable=80, activations=1_000, batch_size=32, optimizer="SGD")
    adam = training_bytes(weights=100, trainable=80, activations=1_000, batch_size=32, optimizer="Adam")

    assert sgd == 4 * (100 + 80 + 80) + 64_000
    assert adam == 4 * (100 + 80 + 160) + 64_000


SHAPES = st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=0, max_size=5)
LAYERS = sorted(load_catalog().objects[Kind.LAYER])


@given(st.sampled_from(LAYERS), st.lists(SHAPES, max_size=3), st.lists(SHAPES, max_size=3), st.integers(0, 10_000))
def test_no_shape_makes_it_raise(name: str, inputs: list[list[int]], outputs: list[list[int]], weights: int) -> None:
    assert isinstance(flops_of(name, {}, inputs, outputs, weights), int)
