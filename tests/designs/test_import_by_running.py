"""Scripts that are imported by running them, in a running server: who may, and what they can do meanwhile."""

import asyncio
import shutil
from pathlib import Path

import httpx
import pytest

from app.infra.sandbox import Sandboxes
from app.messages.analysis import Refusal, RunScriptRequest
from app.messages.sandbox import SandboxLimits
from tests.server import Server

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)")

SECONDS = 240.0

CURIOUS = """
import socket
import keras

def tried(*acts):
    for act in acts:
        try:
            act()
        except OSError:
            yield "denied"
        else:
            yield "done"

names = list(tried(
    lambda: open("/etc/passwd").read(),
    lambda: open({log!r}).read(),
    lambda: socket.create_connection(("127.0.0.1", {port})),
))
list(tried(lambda: open({canary!r}, "w").close()))
print("Printed by the script.")
model = keras.Sequential([keras.Input((4,))])
width = 16
while width > 2:
    width //= 2
    model.add(keras.layers.Dense(width, name=f"{{names.pop()}}_{{width}}"))
"""


def send(client: httpx.Client, door: str, source: str) -> httpx.Response:
    return client.post(f"/api/designs/{door}", files={"file": ("steps.py", source.encode())})


def test_a_script_is_run_for_who_may_and_can_do_no_harm(server: Server) -> None:
    canary = server.data / "canary"
    script = CURIOUS.format(canary=str(canary), log=str(server.log), port=httpx.URL(server.url).port)
    with server.client() as owner, server.client(server.sign_in_link("Ada")) as ada:
        owner.timeout = httpx.Timeout(SECONDS)
        followed = send(owner, "import", script)
        assert (followed.status_code, followed.json()["code"]) == (422, "not_python")
        refused = send(ada, "import/run", script)
        assert (refused.status_code, refused.json()["code"]) == (403, "code_forbidden")
        with httpx.Client(base_url=server.url, headers={"origin": server.url}) as stranger:
            assert send(stranger, "import/run", script).status_code == 401
        large = send(owner, "import/run", "#" * 2_000_001)
        assert (large.status_code, large.json()["code"]) == (413, "too_large")

        answer = send(owner, "import/run", script)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        assert [(row["name"], row["outcome"]) for row in found["layers"] if row["class_name"] == "Dense"] == [
            ("denied_8", "ok"),
            ("denied_4", "ok"),
            ("denied_2", "ok"),
        ]
        assert owner.get(f"/api/designs/{found['design']['id']}/document").status_code == 200
        failed = send(owner, "import/run", "import keras\n\nkeras.layers.Dense(-1)\n")
        assert (failed.status_code, failed.json()["code"]) == (422, "not_python")
        assert failed.json()["message"] == "Line 3: the script ended with an error."
    assert not canary.exists()
    assert list((server.data / "imports").glob("*")) == []


def test_a_script_without_end_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "upload"
    script.write_text("import time\nwhile True:\n    time.sleep(1)\n")

    async def ask() -> Refusal:
        sandboxes = Sandboxes(tmp_path / "sandboxes", SandboxLimits())
        await sandboxes.start()
        try:
            request = RunScriptRequest(path=str(script), filename="steps.py")
            folder = tmp_path / "inside"
            answer: Refusal = await sandboxes.work(
                request, timeout=1.0, folder=folder, readable=[script], task="analyse"
            )
            return answer
        finally:
            await sandboxes.close()

    answer = asyncio.run(ask())
    assert (answer.code, answer.message) == ("own_code_timeout", "The code did not come to an end.")
