"""Starting a server: the port it takes, and the data folder that it has for itself."""

import socket
from pathlib import Path

from tests.server import Server


def test_a_second_server_on_the_same_data_is_refused_in_words(folder: Path) -> None:
    with Server(folder) as first:
        second = first.command("serve", "--port", "0", check=False)
        assert second.returncode == 1
        assert f"already serves this data folder, at {first.url}" in second.stderr
        assert "layerloom link" in second.stderr
        with first.client() as client:
            assert client.get("/api/designs").json() == []


def test_what_a_server_left_that_was_killed_is_removed(folder: Path) -> None:
    left = [folder / "imports" / "a", folder / "exports" / "b", folder / "files" / "cd" / "cdef.partial"]
    kept = folder / "files" / "cd" / "cdefghijklmnopqrst"
    for path in (*left, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with Server(folder):
        assert [path for path in (*left, kept) if path.exists()] == [kept]


def test_the_next_free_port_is_taken_and_said_plainly(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Server(folder).start(port) as server:
            assert server.port > port
            assert f"Port {port} is taken, so this is port {server.port}." in server.log.read_text()
