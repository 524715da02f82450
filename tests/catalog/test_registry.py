"""Look-ups and search in the committed catalog; nothing here needs Keras."""

import subprocess
import sys

import pytest

from app.catalog.model import Kind
from app.catalog.registry import find_spec, get_spec, load_catalog, search
from app.shared.errors import NotFound


def test_counts() -> None:
    counts = {kind.value: len(specs) for kind, specs in load_catalog().objects.items()}
    assert counts == {
        "layers": 144,
        "operations": 303,
        "optimizers": 15,
        "losses": 22,
        "metrics": 42,
        "callbacks": 12,
        "schedules": 6,
        "initializers": 16,
        "regularizers": 4,
        "constraints": 4,
        "activations": 29,
        "functions": 0,
    }


def test_reading_the_catalog_needs_no_keras() -> None:
    code = (
        "import sys; from app.catalog.registry import load_catalog; load_catalog(); "
        "print([name for name in ('keras', 'tensorflow', 'numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_markers() -> None:
    markers = {spec.name: spec.marker for spec in load_catalog().objects[Kind.LAYER].values() if spec.marker}
    assert markers == {"InputLayer": "input", "Model": "model", "Output": "output"}
    assert {param.name for param in get_spec("layers", "InputLayer").params} >= {
        "shape", "batch_size", "dtype", "position",
    }  # fmt: skip
    assert [param.name for param in get_spec("layers", "Output").params] == ["position"]


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("losses", "mse", "MeanSquaredError"),
        ("initializers", "glorot_uniform", "GlorotUniform"),
        ("layers", "MaxPool2D", "MaxPooling2D"),
        ("layers", "GroupedQueryAttention", "GroupQueryAttention"),
        ("activations", "swish", "silu"),
        ("optimizers", "adam", "Adam"),
    ],
)
def test_names_that_keras_takes(kind: str, name: str, found: str) -> None:
    assert get_spec(kind, name).name == found


def test_an_unknown_name() -> None:
    assert find_spec("layers", "Linear") is None
    with pytest.raises(NotFound) as caught:
        get_spec("layers", "Linear")
    assert caught.value.as_dict() == {
        "code": "not_found",
        "message": "The catalog has no layer of this name.",
        "expected": f"one of the 144 layers of Keras {load_catalog().version}",
        "received": "'Linear'",
        "hint": "Did you mean Dense, ELU, ReLU?",
    }


@pytest.mark.parametrize(
    ("query", "kind", "first"),
    [
        ("dense", "layers", "Dense"),
        ("conv2d", "layers", "Conv2D"),
        ("Linear", "layers", "Dense"),
        ("BatchNorm2d", "layers", "BatchNormalization"),
        ("nn.Flatten", "layers", "Flatten"),
        ("fully connected", "layers", "Dense"),
        ("cross-attention", "layers", "MultiHeadAttention"),
        ("skip connection", "layers", "Add"),
        ("one-hot", "layers", "CategoryEncoding"),
        ("input", "layers", "InputLayer"),
        ("xavier", "initializers", "GlorotNormal"),
        ("RMSE", "metrics", "RootMeanSquaredError"),
        ("CrossEntropyLoss", "losses", "CategoricalCrossentropy"),
        ("warmup", "schedules", "CosineDecay"),
    ],
)
def test_search_puts_the_best_first(query: str, kind: str, first: str) -> None:
    assert search(query, kind)[0].name == first


def test_search_by_purpose() -> None:
    found = {spec.name for spec in search("prevent overfitting", "layers")}
    assert found >= {"Dropout", "SpatialDropout2D", "GaussianNoise", "RandomFlip", "ActivityRegularization"}
    assert "Dense" not in found


def test_search_over_all_kinds_and_for_nothing() -> None:
    assert {spec.kind for spec in search("sgd")} == {Kind.OPTIMIZER, Kind.SCHEDULE}
    assert search("no such thing anywhere") == []
    assert search("") == [spec for specs in load_catalog().objects.values() for spec in specs.values()]


def test_every_layer_is_found_by_its_own_name() -> None:
    for spec in load_catalog().objects[Kind.LAYER].values():
        assert search(spec.name, "layers")[0] == spec


def test_defaults_of_objects_are_keys_of_the_catalog() -> None:
    catalog = load_catalog()
    for specs in catalog.objects.values():
        for param in (param for spec in specs.values() for param in spec.params):
            if param.object_kind is not None and isinstance(param.default, str):
                assert param.default in catalog.objects[param.object_kind]
