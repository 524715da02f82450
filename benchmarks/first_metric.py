"""From Train pressed to the first metric on the chart, against a plain Python script that does the same `fit`.

The script's time is its wall time from start until its first batch has ended, since that is what a person waits for
who runs `python train.py`. The browser's time is from the click until the chart has drawn a point; the server is warm.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.server import Server

ROUNDS = 5
SCRIPT = """
import keras, time
from sklearn.datasets import load_digits
x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32").reshape(-1, 8, 8, 1)
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D(),
    keras.layers.Flatten(), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
class First(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("first", dict(logs), flush=True)
        self.model.stop_training = True
        raise SystemExit
model.fit(x, y, epochs=20, batch_size=32, validation_split=0.2, callbacks=[First()], verbose=0)
"""


def plain_seconds() -> float:
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as script:
        assert script.stdout is not None
        while not script.stdout.readline().startswith("first"):
            assert script.poll() is None
        return time.perf_counter() - start


def main() -> None:
    plain, ours = [], []
    with (
        tempfile.TemporaryDirectory(prefix="ll-") as folder,
        Server(Path(folder)) as server,
        server.client() as client,
        sync_playwright() as play,
    ):
        design = client.post("/api/designs", json={"template": "digits_cnn"}).raise_for_status().json()
        browser = play.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(server.sign_in_link())
        for number in range(1, ROUNDS + 1):
            plain.append(plain_seconds())
            page.goto(f"{server.url}/designs/{design['id']}")
            page.get_by_test_id("side-panels").get_by_text("Train", exact=True).click()
            button = page.get_by_test_id("train-button")
            button.and_(page.locator(":enabled")).wait_for(timeout=60_000)
            start = time.perf_counter()
            button.click()
            page.wait_for_function(
                "number => Number(document.querySelector(`[data-run='${number}'] [data-points]`)?.dataset.points) > 0",
                arg=number,
                polling="raf",
                timeout=60_000,
            )
            ours.append(time.perf_counter() - start)
            for run in client.get(f"/api/designs/{design['id']}/runs").json():
                if run["state"] in {"queued", "starting", "running"}:
                    client.post(f"/api/runs/{run['id']}/commands", json={"command": "stop"})
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and any(
                run["ended_at"] is None for run in client.get(f"/api/designs/{design['id']}/runs").json()
            ):
                time.sleep(0.2)
        browser.close()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, plain, strict=True))
    detail = f"{statistics.median(ours):.2f} s against {statistics.median(plain):.2f} s, medians of {ROUNDS}"
    row = {"what": "Train to first metric / script", "ratio": ratio, "target": "<= 0.2", "met": ratio <= 0.2}
    print(json.dumps({**row, "detail": detail}))


if __name__ == "__main__":
    main()
