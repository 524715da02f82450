"""The `layerloom` command, run as a person runs it: a process with arguments, output and an exit status."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.tables import Membership
from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.datasets.tables import Upload
from app.designs.templates import get_template, load_templates
from app.infra.artifacts import FileArtifacts
from app.infra.database import Database
from app.settings import Settings

LINE = {"TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200", "NO_COLOR": "1"}


def layerloom(
    *arguments: str, folder: Path | None = None, seconds: float = 240, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env={**os.environ, **LINE, **environment, **({"LAYERLOOM_DATA": str(folder)} if folder else {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def design(path: Path, name: str, **changes: Any) -> str:
    """Write the template `name` as a design file, with `changes` to its root, and return its path."""
    data = {**get_template(name).document.model_dump(mode="json"), **changes}
    path.write_text(json.dumps(data))
    return str(path)


def test_analyze_as_json(tmp_path: Path) -> None:
    done = layerloom("analyze", design(tmp_path / "a.json", "iris_mlp"), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert set(found) == {"nodes", "total_params", "trainable_params", "problems"}
    assert (found["total_params"], found["trainable_params"], found["problems"]) == (403, 403, [])
    assert found["nodes"][1] == {
        "id": "dense_1",
        "name": "dense_1",
        "class": "Dense",
        "input_shapes": {"input": [None, 4]},
        "output_shapes": {"output": [None, 16]},
        "params": 80,
        "trainable_params": 80,
    }


def test_analyze_lists_problems_and_fails(tmp_path: Path) -> None:
    layers = get_template("iris_mlp").document.model_dump(mode="json")["layers"]
    layers["dense_1"]["params"]["units"] = -1
    path = design(tmp_path / "a.json", "iris_mlp", layers=layers)
    done = layerloom("analyze", path, "--json")
    assert done.returncode == 1
    problem = json.loads(done.stdout)["problems"][0]
    assert set(problem) == {"code", "severity", "node", "param", "message", "hint", "fix"}
    assert (problem["code"], problem["severity"], problem["node"], problem["param"]) == (
        "out_of_range", "error", "dense_1", "units",
    )  # fmt: skip
    told = layerloom("train", path, "--dataset", "iris")
    assert told.returncode == 1
    assert "expected: an integer of at least 1" in told.stderr


def described(path: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what the layers of a design file are, in the order of their names."""
    layers = json.loads(path.read_text())["layers"].values()
    unplaced = [{key: value for key, value in layer["params"].items() if key != "position"} for layer in layers]
    return sorted(
        ((layer["name"], layer["class_name"], params) for layer, params in zip(layers, unplaced, strict=True)),
        key=lambda each: each[:2],
    )


def test_export_and_import_round_trip(tmp_path: Path) -> None:
    path = design(tmp_path / "a.json", "shared_lstm")
    architecture, again = tmp_path / "architecture.json", tmp_path / "again.json"
    done = layerloom("export", path, "--format", "json", "-o", str(architecture))
    assert done.returncode == 0, done.stderr
    done = layerloom("import", str(architecture), "-o", str(again))
    assert done.returncode == 0, done.stderr
    before, after = (described(Path(each)) for each in (path, again))
    assert after == before


async def test_export_of_a_script_on_an_uploaded_table(
    settings: Settings, database: Database, folder: Path, tmp_path: Path
) -> None:
    """A design of this machine's server names its table by id."""
    async with database.session() as session:
        owner = await accounts.ensure_local_owner(session)
        workspace = await session.scalar(select(Membership.workspace_id).where(Membership.user_id == owner.id))
        upload = Upload(
            workspace_id=workspace, created_by=owner.id, filename="flowers.csv", artifact="0" * 32, sha256="",
            bytes=1, inspected={}, options={"targets": ["kind"], "delimiter": ";"},
        )  # fmt: skip
        session.add(upload)
        await session.commit()
        name = f"upload:{upload.id}"
    training = {"dataset": name}
    table = Path(FileArtifacts(folder / "files").url("0" * 32))
    table.parent.mkdir(parents=True)
    table.write_text("\n".join(["p;q;r;s;kind", *(f"{n};{n % 7};{n % 3};1;{'abc'[n % 3]}" for n in range(30))]) + "\n")
    script = tmp_path / "model.py"
    path = design(tmp_path / "a.json", "iris_mlp", training=training)

    done = await asyncio.to_thread(layerloom, "export", path, "--format", "python", "-o", str(script), folder=folder)

    assert done.returncode == 0, done.stderr
    assert str(script) in done.stdout
    assert '"kind"' in script.read_text()
    assert "data.csv" in script.read_text()


class Listener:
    """Answers POSTs on a free port, and keeps what they said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        said = self.said

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_train_as_json(tmp_path: Path) -> None:
    """Metrics leave to the hosts that the environment lists, as from a server."""
    model, listener = tmp_path / "trained", Listener()
    config = {"root": f"http://127.0.0.1:{listener.port}"}
    training = {"callbacks": {"told": {"class_name": "RemoteMonitor", "config": config}}}
    done = layerloom(
        "train", design(tmp_path / "a.json", "iris_mlp", training=training), "--dataset", "iris", "--epochs", "2",
        "--batch-size", "8", "--seed", "1", "--json", "-o", str(model), LAYERLOOM_EGRESS_HOSTS="127.0.0.1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(listener.said) == 2
    events = [json.loads(line) for line in done.stdout.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [1, 2]
    assert set(epochs[0]["logs"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    started = next(event for event in events if event["event"] == "started")
    assert (started["epochs"], started["batch_size"], started["train_samples"], started["validation_samples"]) == (
        2, 8, 108, 27,
    )  # fmt: skip
    assert events[-1]["state"] == "finished"
    assert (model / "model.keras").is_file()


def test_train_for_a_person_on_a_table(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{n % 5},{n % 7},{n % 3},{n % 4},{('a', 'b', 'c')[n % 3]}" for n in range(60)]
    table.write_text("\n".join(["p,q,r,s,kind", *rows]) + "\n")
    path = design(tmp_path / "a.json", "iris_mlp", training={})
    done = layerloom("train", path, "--dataset", str(table), "--target", "kind", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "loss: SparseCategoricalCrossentropy (chosen to fit)" in done.stdout
    assert "epoch 1: loss " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["analyze", "nowhere.json"], "There is no such file."),
        (["import", "nowhere.keras", "-o", "x.json"], "There is no such file."),
        (["train", "{design}", "--dataset", "moon"], "There is no data set of this name."),
        (["train", "{design}", "--dataset", "moon.csv"], "There is no such file."),
        (["train", "{design}", "--dataset", "iris", "-o", "{design}"], "A file or a folder cannot be used."),
        (["catalog", "--kind", "planets"], "The catalog has no such kind."),
        (["export", "{design}", "-o", "/nowhere/at/all.keras"], "The folder to write into is not there."),
        (["export", "{design}", "--format", "pickle", "-o", "x"], "Invalid value for '--format'"),
        (["train", "{design}", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["fly"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(tmp_path: Path, arguments: list[str], told: str) -> None:
    path = design(tmp_path / "a.json", "iris_mlp")
    done = layerloom(*(argument.replace("{design}", path) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"format": 1, "laye', "its JSON cannot be read"),
        (b"[]", "This is not a design file."),
        (b'{"format": 99}', "This design was made by a newer Layerloom."),
        (b'{"format": 1, "colour": 1}', "The design does not fit the format at colour."),
        (b"\xff\xfe\x00", "its JSON cannot be read"),
        (b"[" * 100_000, "its JSON cannot be read"),
    ],
)
def test_bad_designs(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    done = layerloom("analyze", str(tmp_path / "bad.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Received: " in done.stderr
    assert "Traceback" not in done.stderr


def test_import_of_a_design_file(tmp_path: Path) -> None:
    path = design(tmp_path / "a.json", "iris_mlp")
    done = layerloom("import", path, "-o", str(tmp_path / "again.json"), seconds=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(Path(path).read_text())
    (tmp_path / "a.json").write_text('{"nodes": {"a": {"layer": 7}}, "layers": {}}')
    done = layerloom("import", path, "-o", str(tmp_path / "never.json"), seconds=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nodes.a.layer" in done.stderr
    assert not (tmp_path / "never.json").exists()


def test_import_of_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no zip at all")
    done = layerloom("import", str(tmp_path / "model.keras"), "-o", str(tmp_path / "x.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Expected: " in done.stderr
    assert not (tmp_path / "x.json").exists()


def test_catalog_as_json_and_for_a_person() -> None:
    done = layerloom("catalog", "--kind", "layers", "--json")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(load_catalog().objects[Kind.LAYER])
    assert {line["kind"] for line in lines} == {"layers"}
    told = layerloom("catalog", "prevent overfitting", "--kind", "layers")
    assert "Dropout" in told.stdout
    assert "Dense" not in told.stdout


def test_users_and_watch(folder: Path) -> None:
    done = layerloom("user", "add", "Ada", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "/sign-in?token=" in done.stdout
    again = layerloom("user", "add", "Ada", folder=folder)
    assert (again.returncode, again.stdout) == (1, "")
    nothing = layerloom("watch", "nothing", folder=folder)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "There is no such run." in nothing.stderr


def test_the_command_line_imports_neither_keras_nor_the_server() -> None:
    code = (
        "import sys, app.cli; "
        "print([name for name in ('keras', 'sqlalchemy', 'fastapi', 'rich', 'app.main') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_templates_name_data_sets_that_the_command_knows() -> None:
    from app.datasets.builtin import BUILTIN

    assert {template.dataset for template in load_templates()} - {None} <= set(BUILTIN)
