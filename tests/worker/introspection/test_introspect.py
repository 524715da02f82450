"""The guards of the catalog: it is derived, complete, minimal by hand, and every entry works."""

import inspect
from typing import Any

import keras
import pytest

from app.catalog.docstring import parse_docstring
from app.catalog.infer import infer
from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind
from app.catalog.ports import output_ports
from app.catalog.registry import load_catalog
from app.catalog.validate import validate_params
from app.worker.building.resolve import build_layer, build_object, constructor_arguments, keras_class
from app.worker.introspection import introspect

CATALOG = load_catalog()
LAYERS = [spec for spec in CATALOG.objects[Kind.LAYER].values() if not spec.marker]
OTHERS = [spec for kind, specs in CATALOG.objects.items() if kind is not Kind.LAYER for spec in specs.values()]


def symbolic_inputs(spec: ObjectSpec) -> dict[str, Any]:
    """Return the arguments of `call` made of `sample_inputs`, tensors of no values, by argument."""
    arguments: dict[str, Any] = {}
    for port in spec.inputs:
        takes_list = port.variadic or sum(other.argument == port.argument for other in spec.inputs) > 1
        tensors = [
            keras.KerasTensor((2, *shape["shape"]), dtype=shape["dtype"])
            if isinstance(shape, dict)
            else keras.KerasTensor((2, *shape))
            for key, shape in spec.sample_inputs.items()
            if key.partition(".")[0] == port.name
        ]
        if tensors and takes_list:
            arguments.setdefault(port.argument, []).extend(tensors)
        elif tensors:
            arguments[port.argument] = tensors[0]
    return arguments


def config_of(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a new layer; names that Keras gives to inner layers are counted anew."""
    keras.backend.clear_session(free_memory=False)
    config: dict[str, Any] = build_layer(name, params, "named").get_config()
    return config


def test_regenerating_changes_nothing() -> None:
    assert introspect.render(introspect.build_catalog()) == introspect.CATALOG_FILE.read_text()


def test_the_committed_file_reads_back_as_the_catalog() -> None:
    assert Catalog.model_validate_json(introspect.CATALOG_FILE.read_text()) == introspect.build_catalog()


def test_the_catalog_covers_the_installed_keras() -> None:
    assert keras.__version__ == CATALOG.version
    exported = {
        target
        for target in vars(keras.layers).values()
        if inspect.isclass(target) and issubclass(target, keras.layers.Layer)
    }
    listed = {keras_class(spec) for spec in [*LAYERS, CATALOG.objects[Kind.LAYER]["InputLayer"]]}
    assert {target.__name__ for target in exported - listed} == {
        "FlaxLayer",
        "JaxLayer",
        "Lambda",
        "Layer",
        "TFSMLayer",
        "TorchModuleWrapper",
        "Wrapper",
    }
    assert len(listed) == 142


def test_no_parameter_needs_python_or_lacks_a_kind() -> None:
    kinds = {param.kind for specs in CATALOG.objects.values() for spec in specs.values() for param in spec.params}
    assert kinds == set(ParamKind) - {ParamKind.PYTHON}


def test_an_overlay_entry_that_inference_answers_fails(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = tmp_path / "overlay.toml"
    text = introspect.OVERLAY_FILE.read_text()
    overlay.write_text(text.replace("[params]", '[params]\n"Dense.units" = { kind = "integer" }', 1))
    monkeypatch.setattr(introspect, "OVERLAY_FILE", overlay)
    with pytest.raises(introspect.OverlayError, match=r"inference now answers Dense\.units"):
        introspect.build_catalog()


def test_an_overlay_entry_for_what_keras_lacks_fails(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = tmp_path / "overlay.toml"
    text = introspect.OVERLAY_FILE.read_text()
    overlay.write_text(text.replace("[params]", '[params]\n"Dense.colour" = { kind = "text" }', 1))
    monkeypatch.setattr(introspect, "OVERLAY_FILE", overlay)
    with pytest.raises(introspect.OverlayError, match=r"Dense\.colour"):
        introspect.build_catalog()


def test_a_parameter_that_no_stage_knows_fails(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = tmp_path / "overlay.toml"
    lines = introspect.OVERLAY_FILE.read_text().splitlines()
    overlay.write_text("\n".join(line for line in lines if not line.startswith('"Hashing.salt"')))
    monkeypatch.setattr(introspect, "OVERLAY_FILE", overlay)
    with pytest.raises(introspect.OverlayError, match=r"Hashing\.salt"):
        introspect.build_catalog()


@pytest.mark.parametrize("spec", LAYERS, ids=lambda spec: spec.name)
def test_a_layer_builds_and_is_called_from_its_sample(spec: ObjectSpec) -> None:
    layer = build_layer(spec.name, spec.sample, "named")
    arguments = symbolic_inputs(spec)
    first = next(iter(arguments))
    with keras.StatelessScope(initialize_variables=False):
        outputs = keras.tree.flatten(layer(arguments.pop(first), **arguments))
    ports = output_ports(spec, spec.sample)
    assert layer.name == "named"
    assert len(outputs) == len(ports) or (ports[-1].variadic and len(outputs) >= len(ports))


@pytest.mark.parametrize("spec", OTHERS, ids=lambda spec: f"{spec.kind}-{spec.name}")
def test_an_object_builds_from_its_sample(spec: ObjectSpec) -> None:
    built = build_object(spec.kind, {"class_name": spec.name, "config": spec.sample})
    assert built is keras_class(spec) or isinstance(built, keras_class(spec))


@pytest.mark.parametrize("spec", LAYERS, ids=lambda spec: spec.name)
def test_defaults_set_by_hand_change_nothing(spec: ObjectSpec) -> None:
    defaults = {param.name: param.default for param in spec.params if not param.required and param.default is not None}
    sample = {**spec.sample, **({"seed": 1} if any(param.name == "seed" for param in spec.params) else {})}
    explicit = {**defaults, **sample}
    assert validate_params(spec, explicit, CATALOG) == []
    assert config_of(spec.name, explicit) == config_of(spec.name, sample)


@pytest.mark.parametrize(
    ("name", "params", "ports"),
    [
        ("LSTM", {"units": 3, "return_state": True}, ["output", "state_h", "state_c"]),
        ("GRU", {"units": 3, "return_state": True}, ["output", "state_h"]),
        ("Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 3, "return_state": True}}},
         ["output", "forward_h", "backward_h"]),
        ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 3, "return_state": True}}},
         ["output", "forward_h", "forward_c", "backward_h", "backward_c"]),
        ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 3}}, "merge_mode": None},
         ["output", "backward_output"]),
        ("RNN", {"cell": {"class_name": "LSTMCell", "config": {"units": 3}}, "return_state": True},
         ["output", "state_h", "state_c"]),
    ],
    ids=str,
)  # fmt: skip
def test_output_ports_are_what_keras_returns(name: str, params: dict[str, Any], ports: list[str]) -> None:
    spec = CATALOG.objects[Kind.LAYER][name]
    outputs = build_layer(name, params)(keras.KerasTensor((2, 6, 4)))
    assert [port.name for port in output_ports(spec, params)] == ports
    assert len(keras.tree.flatten(outputs)) == len(ports)


def test_help_is_plain_text_from_the_docstring() -> None:
    dropout = CATALOG.objects[Kind.LAYER]["Dropout"]
    assert dropout.summary == "Applies dropout to the input."
    assert {param.name: param.help for param in dropout.params}["rate"] == (
        "Float between 0 and 1. Fraction of the input units to drop."
    )
    texts = [param.help for specs in CATALOG.objects.values() for spec in specs.values() for param in spec.params]
    assert [text for text in texts if "`" in text or "\n\n\n" in text] == []


def test_docstring_sections_and_shared_arguments() -> None:
    doc = parse_docstring(
        """Does a thing.

        More about `it`.

        Args:
            height, width: Both sizes,
                in pixels.
            rate: Float between 0 and 1.

        Example:
            >>> thing
        """
    )
    assert doc.summary == "Does a thing."
    assert doc.body == "More about it."
    assert doc.arguments == {
        "height": "Both sizes,\nin pixels.",
        "width": "Both sizes,\nin pixels.",
        "rate": "Float between 0 and 1.",
    }


@pytest.mark.parametrize(
    ("name", "default", "documented", "kind", "stage"),
    [
        ("units", inspect.Parameter.empty, "", ParamKind.INTEGER, "name"),
        ("kernel_initializer", "zeros", "", ParamKind.OBJECT, "name"),
        ("centered", False, "", ParamKind.BOOLEAN, "default"),
        ("beta", 0, "Float, at least 0.", ParamKind.NUMBER, "default"),
        ("mode", "a", 'One of `"a"` or `"b"`.', ParamKind.CHOICE, "default"),
        ("cropping", ((0, 0), (0, 0)), "", ParamKind.JSON, "default"),
        ("words", None, "Optional list of strings.", ParamKind.STRINGS, "docstring"),
    ],
)
def test_stages_of_inference(name: str, default: Any, documented: str, kind: ParamKind, stage: str) -> None:
    found = infer("Thing", name, default, documented)
    assert found is not None
    assert (found.kind, found.stage) == (kind, stage)


def test_inference_does_not_guess() -> None:
    assert infer("Thing", "thing", None, "The thing to use.") is None


def test_constructor_arguments_build_what_they_hold() -> None:
    spec = CATALOG.objects[Kind.LAYER]["Conv2D"]
    built = constructor_arguments(
        spec,
        {
            "filters": 2,
            "kernel_size": [3, 3],
            "activation": "relu",
            "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}},
        },
    )
    assert built["kernel_size"] == (3, 3)
    assert built["activation"] is keras.activations.relu
    assert built["kernel_regularizer"].get_config() == {"l2": 0.1}
