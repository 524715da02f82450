"""Values that were learned before begin a new training: word vectors from a file, and what an earlier run trained."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server

WORDS = ("match", "game", "team", "win", "cup", "stocks", "market", "oil", "price", "bank")
SOON = 60_000

SCRIPT = """
import keras
from keras import layers

words = keras.Input((3,), dtype="int32", name="words")
x = layers.Embedding(12, 4, name="embedding")(words)
x = layers.GlobalAveragePooling1D(name="average")(x)
x = layers.Dense(5, activation="relu", name="hidden")(x)
topic = layers.Dense(2, activation="softmax", name="topic")(x)
model = keras.Model(words, topic, name="topics")
"""


def word_vectors(folder: Path, dimensions: int) -> Path:
    """Write a GloVe file of `WORDS`."""
    source = random.Random(0)
    rows = [" ".join([word, *(f"{source.uniform(-1, 1):.4f}" for _ in range(dimensions))]) for word in WORDS]
    path = folder / "glove.6d.txt"
    path.write_text("\n".join(rows) + "\n")
    return path


def table_of_words() -> bytes:
    """Return ids of words, as word vectors number them, and what they are about."""
    source = random.Random(1)
    kinds = (("sport", 2, 6), ("trade", 7, 11))
    rows = [[*(str(source.randint(low, high)) for _ in range(3)), kind] for _ in range(24) for kind, low, high in kinds]
    return "\n".join(map(",".join, [["a", "b", "c", "topic"], *rows])).encode()


def prepared(server: Server) -> tuple[str, str]:
    """Return the id of a design that reads words, and the name of a table to train it on."""
    with server.client() as client:
        script = {"file": ("topics.py", SCRIPT.encode(), "text/x-python")}
        design = client.post("/api/designs/import", files=script).raise_for_status().json()["design"]
        table = {"file": ("topics.csv", table_of_words(), "text/csv")}
        name = client.post("/api/datasets/uploads", files=table).raise_for_status().json()["name"]
        options = client.get(f"/api/datasets/{name}/options").json() | {"standardize": False, "targets": ["topic"]}
        client.put(f"/api/datasets/{name}/options", json=options).raise_for_status()
        return design["id"], name


def layers_of(server: Server, design_id: str) -> dict[str, dict[str, Any]]:
    with server.client() as client:
        found = client.get(f"/api/designs/{design_id}/document").json()
    return {layer["name"]: layer for layer in found["layers"].values()}


def test_word_vectors_and_a_run_start_what_follows(person: Callable[..., Page], server: Server, tmp_path: Path) -> None:
    design_id, table = prepared(server)
    page = person(server.link)
    page.goto(f"/designs/{design_id}")
    editor = Editor(page)
    editor.saved()

    editor.select("embedding")
    weights = page.get_by_test_id("layer-weights")
    with page.expect_file_chooser() as chooser:
        weights.get_by_test_id("weights-upload").click()
    chooser.value.set_files(word_vectors(tmp_path, 6))
    expect(weights).to_contain_text("the vectors have 6 numbers each", timeout=SOON)
    editor.set_param("embedding", "output_dim", "6")
    expect(editor.mark("embedding")).to_have_attribute("data-start", "kept", timeout=SOON)
    page.get_by_test_id("input-trainable").press("Space")
    expect(page.get_by_test_id(f"frozen-{editor.node_id('embedding')}")).to_be_visible()
    expect(editor.mark("hidden")).to_have_count(0)

    editor.show_panel("Train")
    page.get_by_test_id("choose-dataset").click()
    page.get_by_test_id(f"dataset-option-{table}").click()
    page.get_by_test_id("fit-epochs").fill("2")
    train = page.get_by_test_id("train-button")
    expect(train).to_be_enabled(timeout=SOON)
    train.click()
    page.get_by_test_id("run-dashboard-link").click(timeout=SOON)
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished", timeout=240_000)
    expect(page.get_by_text(re.compile("found 10 of 10 words")).first).to_be_visible(timeout=SOON)

    page.goto(f"/designs/{design_id}")
    editor.saved()
    editor.show_panel("Train")
    page.get_by_test_id("design-weights-source").click()
    page.get_by_role("option", name="Run 1").click()
    for name in ("embedding", "hidden", "topic"):
        expect(editor.mark(name)).to_have_attribute("data-start", "kept", timeout=SOON)
    editor.show_panel("Layer")
    editor.set_param("hidden", "units", "7")
    for name, start in (("embedding", "kept"), ("hidden", "afresh"), ("topic", "afresh")):
        expect(editor.mark(name)).to_have_attribute("data-start", start, timeout=SOON)

    page.goto("/")
    other = Editor.new(page)
    other.insert_trained(design_id, run=1, frozen=True)
    other.saved()
    found = layers_of(server, other.design_id)
    assert found["topics"]["weights"]["source"] == "run"
    assert found["topics"]["params"]["trainable"] is False
    assert (found["embedding"]["weights"], found["hidden"]["params"]["units"]) == (None, 5)
    other.open_model("topics")
    expect(other.mark("hidden")).to_have_attribute("data-start", "kept", timeout=SOON)
