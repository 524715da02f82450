"""Code and canvas change at once and nothing is lost; scripts that cannot be read are run; classes are put in place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server

SOON = 60_000

LOOPING = """import keras
from keras import layers

sizes = [6, 4]
model = keras.Sequential([keras.Input((4,))])
while sizes:
    model.add(layers.Dense(sizes.pop(), activation="relu"))
model.add(layers.Dense(3, activation="softmax", name="kind"))
"""

FOREIGN = """import keras
from keras import layers

measures = keras.Input((4,), name="measures")
x = layers.Dense(8, name="hidden")(measures)
x = layers.Scale(initial=2.0, name="scale")(x)
kind = layers.Dense(3, activation="softmax", name="kind")(x)
model = keras.Model(measures, kind)
"""


def layers_of(server: Server, design_id: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the class and the parameters of each layer, by its name."""
    with server.client() as client:
        found = client.get(f"/api/designs/{design_id}/document").json()
    return {layer["name"]: (layer["class_name"], layer["params"]) for layer in found["layers"].values()}


def test_code_and_canvas_change_at_once(person: Callable[..., Page], server: Server) -> None:
    page = person(server.sign_in_link())
    with server.client() as client:
        design = client.post("/api/designs", json={"template": "iris_mlp", "name": "Both at once"}).json()
    page.goto(f"/designs/{design['id']}")
    editor = Editor(page)
    editor.saved()
    editor.open_code()
    state, conflict = page.get_by_test_id("code-state"), page.get_by_test_id("code-conflict")

    def units() -> list[int]:
        found = layers_of(server, design["id"])
        return [found[name][1]["units"] for name in ("dense_1", "dense_2")]

    editor.edit_code("dense_1", "16", "21")
    expect(state).to_have_attribute("data-state", "changes", timeout=SOON)
    editor.set_param("dense_2", "units", "13")
    expect(conflict).to_be_visible(timeout=SOON)
    expect(editor.code).to_contain_text("21")
    assert units() == [16, 13]
    page.get_by_test_id("code-keep-mine").click()
    editor.apply_code()
    assert units() == [21, 16]

    editor.edit_code("dense_1", "21", "33")
    editor.set_param("dense_2", "units", "14")
    expect(conflict).to_be_visible(timeout=SOON)
    page.get_by_test_id("code-take-other").click()
    expect(editor.code).to_contain_text("14")
    expect(editor.code).not_to_contain_text("33")

    editor.edit_code("dense_1", "21", "21 +* 2")
    expect(page.get_by_test_id("code-fault")).to_contain_text("this is no Python", timeout=SOON)
    expect(page.get_by_test_id("code-apply")).to_be_disabled()
    page.get_by_test_id("code-discard").click()
    editor.edit_code("dense_1", "Dense", "Dennse")
    expect(state).to_have_attribute("data-state", "doubtful", timeout=SOON)
    page.get_by_test_id("code-discard").click()
    editor.saved()
    assert units() == [21, 14]


def test_a_script_is_run_and_a_placeholder_gets_its_class(
    person: Callable[..., Page], server: Server, tmp_path: Path
) -> None:
    page = person(server.sign_in_link())
    looping = tmp_path / "looping.py"
    looping.write_text(LOOPING)
    page.get_by_test_id("new-design").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id("import-file").click()
    chooser.value.set_files(looping)
    expect(page.get_by_test_id("import-script").locator("[data-fault]")).to_contain_text("while sizes:", timeout=SOON)
    page.get_by_test_id("import-run").click()
    page.get_by_test_id("import-open").click(timeout=180_000)
    editor = Editor(page)
    editor.saved()
    found = layers_of(server, editor.design_id)
    assert [params["units"] for class_name, params in found.values() if class_name == "Dense"] == [4, 6, 3]

    foreign = tmp_path / "foreign.py"
    foreign.write_text(FOREIGN)
    page.goto("/")
    editor = Editor.import_file(page, foreign)
    expect(editor.node("scale")).to_have_attribute("data-placeholder", "true")
    name = editor.create_own_code("layer")
    editor.select("scale")
    page.get_by_test_id("map-placeholder").fill(name)
    page.get_by_role("option").filter(has=page.get_by_text(name, exact=True)).first.click()
    expect(page.get_by_test_id("placeholder")).to_have_count(0)
    editor.check_own_code()
    editor.saved()
    assert layers_of(server, editor.design_id)["scale"] == (name, {"initial": 2})
    expect(editor.node("scale")).not_to_have_attribute("data-severity", "error", timeout=SOON)
