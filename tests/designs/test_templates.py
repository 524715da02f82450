"""Every template, built with real Keras, has exactly the shapes and counts of the reference models."""

from typing import Any

import keras
import pytest

from app.catalog.own import catalog_for
from app.catalog.registry import load_catalog
from app.designs.schemas import TemplateView
from app.designs.templates import Template, get_template, list_template_views, load_templates
from app.document.model import parse_edge_key
from app.graph.check import check
from app.graph.plan import make_plan
from app.shared.errors import NotFound
from app.worker.building.build import build_model
from docs.gallery import application_names, design_of, entry_of

REFERENCE: dict[str, tuple[Any, Any, int]] = {
    "mlp_classes": ((None, 20), (None, 10), 6_154),
    "mlp_binary": ((None, 20), (None, 1), 5_569),
    "first_sequential": ((None, 784), (None, 10), 25_450),
    "vgg_like": ((None, 100, 100, 3), (None, 10), 7_998_250),
    "lstm_classifier": ((None, None), (None, 1), 459_393),
    "stacked_lstm": ((None, 8, 16), (None, 10), 23_242),
    "stateful_lstm": ((32, 8, 16), (32, 10), 23_242),
    "two_encoders": ([(None, 8, 16), (None, 8, 16)], (None, 10), 14_954),
    "image_captioning": ([(None, 100, 100, 3), (None, 16)], (None, 10_000), 9_720_112),
    "headline": ([(None, 100), (None, 5)], [(None, 1), (None, 1)], 5_200_610),
    "headline_deep": ([(None, 100), (None, 5)], [(None, 1), (None, 1)], 5_204_770),
    "shared_lstm": ([(None, 280, 256), (None, 280, 256)], (None, 1), 82_305),
    "imdb_bidirectional": ((None, 100), (None, 1), 2_658_945),
    "bidirectional_stack": ((None, 5, 10), (None, 5), 4_265),
    "bidirectional_own_backward": ((None, 5, 10), (None, 5, 5), 1_785),
    "news_cnn": ((None, 1000), (None, 20), 2_247_416),
    "cifar10_cnn": ((None, 32, 32, 3), (None, 10), 1_250_858),
    "video_per_frame": ((None, 10, 299, 299, 3), (None, 10, 297, 297, 64), 1_792),
    "next_frame": ((None, None, 64, 64, 1), (None, None, 64, 64, 1), 175_961),
    "two_branches": ([(None, 784), (None, 784)], (None, 10), 50_890),
    **{
        f"two_branches_{merge}": ([(None, 784), (None, 784)], (None, 10), 50_570)
        for merge in ("sum", "multiply", "average", "maximum", "subtract")
    },
    "two_branches_dot": ([(None, 784), (None, 784)], (None, 10), 50_260),
    "two_branches_cosine": ([(None, 784), (None, 784)], (None, 10), 50_260),
    "model_as_layer": ((None, 20, 784), (None, 20, 10), 55_050),
    "house_prices": ((None, 13), (None, 1), 5_121),
    "newswire_topics": ((None, 1000), (None, 46), 536_110),
    "character_lstm": ((None, 40, 60), (None, 60), 104_508),
    "locally_connected_1d": ((None, 10, 32), (None, 6, 32), 49_664 + 37_056),
    "locally_connected_2d": ((None, 32, 32, 3), (None, 28, 28, 32), 1_612_800 + 14_475_776),
}
OWN_CODE = {"own_cell"}
"""What only the sandbox builds: `tests/worker/sandbox` does."""

TEMPLATES = load_templates()


@pytest.fixture(
    scope="module", params=[each for each in TEMPLATES if each.name not in OWN_CODE], ids=lambda template: template.name
)
def built(request: pytest.FixtureRequest) -> tuple[Template, Any]:
    template: Template = request.param
    return template, build_model(make_plan(template.document, load_catalog()))


def test_the_reference_models_are_there() -> None:
    assert set(REFERENCE) <= {template.name for template in TEMPLATES}


def test_shapes_and_counts(built: tuple[Template, Any]) -> None:
    template, model = built
    assert model.count_params() == template.parameters
    if template.name in REFERENCE:
        assert (model.input_shape, model.output_shape, model.count_params()) == REFERENCE[template.name]


def test_trainable_counts_of_frozen_and_normalised_models() -> None:
    for name, trainable in (("news_cnn", 247_316), ("next_frame", 175_801)):
        model = build_model(make_plan(get_template(name).document, load_catalog()))
        assert sum(int(keras.ops.size(weight)) for weight in model.trainable_weights) == trainable


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_template_has_no_problem(template: Template) -> None:
    assert check(template.document, catalog_for(template.document)) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_template_says_how_to_train(template: Template) -> None:
    document, training = template.document, template.document.training
    outputs = {
        node_id
        for node_id, node in document.nodes.items()
        if not node.graph and document.layers[node.layer].class_name == "Output"
    }
    assert set(training.losses) == outputs
    assert set(training.metrics) <= outputs
    assert set(training.targets) <= outputs
    assert training.optimizer is not None
    assert template.title
    assert template.summary.endswith(".")
    assert template.data.endswith(".")
    assert template.reference.text
    assert template.reference.url.startswith("https://")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_cards_do_not_touch_and_wires_run_down(template: Template) -> None:
    nodes = template.document.nodes
    for graph in ["", *template.document.graphs]:
        places = [(node.x, node.y) for node in nodes.values() if node.graph == graph]
        for index, (x, y) in enumerate(places):
            assert all(abs(x - other_x) >= 256 or abs(y - other_y) >= 92 for other_x, other_y in places[:index])
    ends = [parse_edge_key(key) for key in template.document.edges]
    assert all(nodes[end.source].y < nodes[end.target].y for end in ends)


def test_code_stands_only_where_it_is_said() -> None:
    assert {template.name for template in TEMPLATES if template.document.code} == OWN_CODE


def test_every_application_of_keras_is_there() -> None:
    views = {view.title: view for view in list_template_views() if view.category == "applications"}

    assert sorted(views) == application_names()
    assert all(view.thumbnail.nodes and view.parameters for view in views.values())


@pytest.mark.parametrize("name", ["MobileNetV2", "ConvNeXtTiny"])
def test_an_application_is_as_keras_builds_it_today(name: str) -> None:
    document, parameters = design_of(name)
    entry = entry_of(name, document, parameters)

    template = get_template(name.lower())

    assert template.document == document
    assert next(view for view in list_template_views() if view.title == name) == TemplateView.model_validate(entry)


def test_names_are_unique_and_found() -> None:
    names = [template.name for template in TEMPLATES]
    assert len(set(names)) == len(names) >= 12
    assert get_template("digits_cnn").dataset == "digits"
    with pytest.raises(NotFound):
        get_template("nothing")
