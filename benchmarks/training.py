"""Training through Layerloom against the same `model.fit` in a plain script: digits CNN, 20 epochs, batch 32.

Both clocks start when Keras is imported (the warm server's zygote has done that before) and stop when the last epoch
has ended: loading the data, building, compiling and fitting are in both. Layerloom's side is a whole run on a real
server, with every batch stored; the script prints nothing, which is the fastest that a script can be.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.server import Server

ROUNDS = 5
EPOCHS = 20
LAYERS = [
    ("input", "InputLayer", {"shape": [8, 8, 1]}),
    ("first", "Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu"}),
    ("second", "Conv2D", {"filters": 64, "kernel_size": 3, "activation": "relu"}),
    ("flat", "Flatten", {}),
    ("hidden", "Dense", {"units": 64, "activation": "relu"}),
    ("digit", "Dense", {"units": 10, "activation": "softmax"}),
    ("output", "Output", {}),
]
SCRIPT = f"""
import time, keras, numpy as np
from sklearn.datasets import load_digits
start = time.time()
digits = load_digits()
x, y = (digits.images[..., None] / 16).astype("float32"), digits.target.astype("int32")
order = np.random.default_rng(0).permutation(len(y))
x, y = x[order], y[order]
keras.utils.set_random_seed(1)
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.Conv2D(64, 3, activation="relu"), keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
validation = (x[180:503], y[180:503])
model.fit(x[503:], y[503:], epochs={EPOCHS}, batch_size=32, validation_data=validation, verbose=0)
print("seconds", time.time() - start, flush=True)
"""


def plain_seconds() -> float:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    script = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    return float(next(line for line in script.stdout.splitlines() if line.startswith("seconds")).split()[1])


def document() -> dict[str, object]:
    names = [name for name, _, _ in LAYERS]
    return {
        "layers": {name: {"class_name": kind, "name": name, "params": params} for name, kind, params in LAYERS},
        "nodes": {name: {"layer": name} for name in names},
        "edges": {f"{a}:output->{b}:input": {} for a, b in itertools.pairwise(names)},
        "training": {"dataset": "digits", "fit": {"epochs": EPOCHS, "batch_size": 32, "seed": 1}},
    }


def our_seconds(client: httpx.Client, design: str) -> float:
    """Train once through the server; return the seconds from the start of the run's process to its last epoch."""
    run = client.post(f"/api/designs/{design}/runs").raise_for_status().json()["id"]
    deadline = time.monotonic() + 300
    while (told := client.get(f"/api/runs/{run}").raise_for_status().json())["ended_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert told["state"] == "finished", (told["state"], told["reason"])
    events: list[dict[str, object]] = []
    while page := client.get(f"/api/runs/{run}/events", params={"after": len(events), "limit": 1000}).json()["events"]:
        events += page
    times = {
        kind: [float(str(e["time"])) for e in events if e["event"] == kind] for kind in ("state", "epoch", "batch")
    }
    assert len(times["epoch"]) == EPOCHS
    assert len(times["batch"]) == EPOCHS * 41
    return times["epoch"][-1] - times["state"][0]


def main() -> None:
    plain, ours = [], []
    with (
        tempfile.TemporaryDirectory(prefix="ll-") as folder,
        Server(Path(folder)) as server,
        server.client() as client,
    ):
        design = client.post("/api/designs", json={"document": document()}).raise_for_status().json()["id"]
        our_seconds(client, design)
        for _ in range(ROUNDS):
            plain.append(plain_seconds())
            ours.append(our_seconds(client, design))
    ratio = statistics.median(ours) / statistics.median(plain)
    detail = (
        f"{statistics.median(ours):.2f} s against {statistics.median(plain):.2f} s, medians of {ROUNDS} interleaved; "
        f"fastest {min(ours):.2f} s against {min(plain):.2f} s"
    )
    row = {"what": "training / plain model.fit", "ratio": ratio, "target": "<= 1.05", "met": ratio <= 1.05}
    print(json.dumps({**row, "detail": detail}))


if __name__ == "__main__":
    main()
