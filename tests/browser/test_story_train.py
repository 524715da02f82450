"""The whole story of one person: draw, mend, train, watch, leave, come back, take the model away."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server


def test_draw_train_watch_leave_return_and_download(
    person: Callable[..., Page], server: Server, tmp_path: Path
) -> None:
    page = person(server.link)
    editor = Editor.new(page)

    editor.drag("InputLayer", 300, 60)
    editor.drag("Conv2D", 300, 200)
    editor.drag("Flatten", 300, 340)
    editor.drag("Dense", 300, 480)
    editor.connect("input_layer", "conv2d")
    editor.connect("conv2d", "flatten")
    editor.connect("flatten", "dense")
    editor.set_param("input_layer", "shape", "8, 8, 1")
    editor.set_param("conv2d", "filters", "32")
    editor.set_param("conv2d", "kernel_size", "3")
    editor.choose_param("conv2d", "activation", "relu")
    editor.set_param("dense", "units", "3")
    editor.choose_param("dense", "activation", "softmax")

    editor.show_panel("Train")
    page.get_by_test_id("dataset-digits").click()
    pressed = editor.fix_everything()
    assert "missing_output" in pressed
    assert any("class" in code or "unit" in code for code in pressed), pressed
    editor.saved()
    expect(page.get_by_text("8×8×1", exact=True).first).to_be_visible()
    chip = page.get_by_test_id("saved-chip").evaluate("chip => getComputedStyle(chip).backgroundColor")
    assert chip != "rgba(0, 0, 0, 0)", "the built style sheet's colours do not resolve"
    expect(page.get_by_text("1152", exact=True).first).to_be_visible()

    page.get_by_test_id("fit-epochs").fill("12")
    train = page.get_by_test_id("train-button")
    expect(train).to_be_enabled()
    train.click()
    page.get_by_test_id("run-dashboard-link").click()
    page.wait_for_url(re.compile(r"/runs/[\w-]{22}"))
    seen = page.evaluate(
        """async () => {
            const seen = new Set();
            const deadline = performance.now() + 60000;
            while (performance.now() < deadline && seen.size < 20) {
                const chart = document.querySelector("[data-testid='chart-loss']");
                if (chart && Number(chart.dataset.points) > 0) seen.add(Number(chart.dataset.points));
                await new Promise(requestAnimationFrame);
            }
            return [...seen];
        }"""
    )
    assert seen[-1] >= 20, seen
    assert seen == sorted(seen)
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished", timeout=120_000)
    accuracy = float((page.get_by_test_id("val-accuracy").get_attribute("data-value")) or 0)
    assert accuracy >= 0.95
    points = page.get_by_test_id("chart-loss").get_attribute("data-points")

    page.reload()
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished")
    expect(page.get_by_test_id("chart-loss")).to_have_attribute("data-points", points or "")
    with page.expect_download() as download:
        page.get_by_test_id("artifact-model.keras").click()
    model = tmp_path / "trained.keras"
    download.value.save_as(model)
    with page.expect_download() as download:
        page.get_by_test_id("artifact-model.py").click()
    script = tmp_path / "alone" / "model.py"
    download.value.save_as(script)

    page.goto(f"/designs/{editor.design_id}")
    expect(editor.nodes).to_have_count(5)
    editor.saved()

    with zipfile.ZipFile(model) as archive:
        assert {"config.json", "model.weights.h5", "metadata.json"} <= set(archive.namelist())
    assert_script_matches(script, model)


def assert_script_matches(script: Path, model: Path) -> None:
    """The Python runs by itself, trains, saves, and has as many parameters as the trained model."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": ""}
    text, replaced = re.subn(r"epochs=12\b", "epochs=1", script.read_text())
    assert replaced == 1
    script.write_text(text)
    ran = subprocess.run(
        [sys.executable, str(script)], env=environment, cwd=script.parent, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    probe = "import sys, keras; print([keras.models.load_model(path).count_params() for path in sys.argv[1:]])"
    counts = subprocess.run(
        [sys.executable, "-c", probe, str(model), str(script.parent / "model.keras")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]
    assert counts == "[11850, 11850]"
