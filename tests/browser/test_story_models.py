"""Models come in from files, are changed on the canvas and in code, and go out with a proof; own code trains."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server

MODEL = """
import sys, keras
from keras import layers, ops
twin = keras.Sequential(
    [keras.Input((12,), name="side"), layers.Dense(8, activation="relu", name="twin_dense")], name="twin"
)
first, second = keras.Input((12,), name="first"), keras.Input((12,), name="second")
distance = ops.abs(ops.subtract(twin(first), twin(second)))
same = layers.Dense(1, activation="sigmoid", name="same")(distance)
keras.Model([first, second], same, name="twins").save(sys.argv[1])
"""


def model_file(folder: Path) -> Path:
    path = folder / "twins.keras"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", MODEL, str(path)], env=environment, check=True, capture_output=True)
    return path


def document(server: Server, design_id: str) -> dict[str, Any]:
    with server.client() as client:
        answer: dict[str, Any] = client.get(f"/api/designs/{design_id}/document").json()
        return answer


def layer(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["layers"].values() if each["name"] == name)


def places(found: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (node.get("x", 0), node.get("y", 0)) for name, node in found["nodes"].items()}


def test_a_model_comes_in_is_changed_and_goes_out_proven(
    person: Callable[..., Page], server: Server, tmp_path: Path
) -> None:
    path = model_file(tmp_path)
    page = person(server.sign_in_link())

    editor = Editor.import_file(page, path)
    before = document(server, editor.design_id)
    assert [graph["name"] for graph in before["graphs"].values()] == ["twin"]
    report = editor.open_import_report()
    expect(report.get_by_test_id("import-ok")).to_have_count(1)
    page.keyboard.press("Escape")

    editor.open_model("twin")
    expect(editor.node("twin_dense")).to_be_visible()
    page.reload()
    expect(editor.node("twin_dense")).to_be_visible()
    editor.leave_to(0)
    editor.find("type:Dense", 2)
    page.keyboard.press("Escape")

    editor.open_code()
    expect(editor.code).to_contain_text("twin_dense")
    editor.edit_code("twin_dense", "8", "6")
    editor.apply_code()
    after = document(server, editor.design_id)
    assert layer(after, "twin_dense")["params"]["units"] == 6
    assert places(after) == places(before)
    page.get_by_test_id("undo").click()
    editor.saved()
    assert layer(document(server, editor.design_id), "twin_dense") == layer(before, "twin_dense")

    proof = editor.export("onnx")
    expect(proof).to_contain_text(re.compile("[Pp]arameters"))
    with page.expect_download() as download:
        page.get_by_test_id("export-download").click()
    assert Path(download.value.path()).stat().st_size > 500


def test_a_group_is_one_step_and_comes_apart_again(person: Callable[..., Page], server: Server) -> None:
    page = person(server.sign_in_link())
    with server.client() as client:
        design = client.post("/api/designs", json={"template": "iris_mlp", "name": "Grouped"}).json()
    page.goto(f"/designs/{design['id']}")
    editor = Editor(page)
    editor.saved()
    before = document(server, design["id"])
    names = [each["name"] for each in before["layers"].values() if each["class_name"] == "Dense"][:2]

    editor.group(*names)
    editor.saved()
    grouped = document(server, design["id"])
    assert len(grouped["graphs"]) == 1
    inside = {node["layer"] for node in grouped["nodes"].values() if node.get("graph")}
    assert {grouped["layers"][each]["name"] for each in inside} >= set(names)

    page.get_by_test_id("undo").click()
    editor.saved()
    assert document(server, design["id"])["edges"] == before["edges"]
    page.get_by_test_id("redo").click()
    editor.saved()
    model = next(each["name"] for each in grouped["layers"].values() if each["class_name"] == "Model")
    editor.unpack(model)
    editor.saved()
    apart = document(server, design["id"])
    assert apart["graphs"] == {}
    assert len(apart["edges"]) == len(before["edges"])


def test_an_own_layer_is_written_run_and_trained(person: Callable[..., Page], server: Server) -> None:
    page = person(server.sign_in_link())
    editor = Editor.new(page)
    name = editor.create_own_code("layer")
    page.get_by_test_id("code-toggle").click()
    editor.drag("InputLayer", 300, 60)
    editor.drag(name, 300, 180)
    editor.drag("Dense", 300, 320)
    editor.drag("Output", 300, 460)
    own = next(each["name"] for each in document_layers(server, editor) if each["class_name"] == name)
    editor.connect("input_layer", own)
    editor.connect(own, "dense")
    editor.connect("dense", "output")
    editor.set_param("input_layer", "shape", "4")
    editor.set_param("dense", "units", "3")
    editor.choose_param("dense", "activation", "softmax")
    editor.saved()

    editor.open_code("Your code")
    editor.check_own_code()
    page.get_by_test_id("code-toggle").click()
    editor.show_panel("Train")
    page.get_by_test_id("dataset-iris").click()
    page.get_by_test_id("fit-epochs").fill("3")
    train = page.get_by_test_id("train-button")
    expect(train).to_be_enabled(timeout=60_000)
    train.click()
    page.get_by_test_id("run-dashboard-link").click(timeout=60_000)
    page.wait_for_url(re.compile(r"/runs/[\w-]{22}"))
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished", timeout=240_000)
    code = page.get_by_test_id("run-code")
    expect(code).to_contain_text(name)
    expect(code).to_contain_text(re.compile("[0-9a-f]{8}"))


def document_layers(server: Server, editor: Editor) -> list[dict[str, Any]]:
    editor.saved()
    return list(document(server, editor.design_id)["layers"].values())
