"""A real server in a process of its own, with a data folder of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

START_SECONDS = 120.0


class Server:
    """`layerloom serve` on a free port; `restart()` keeps the data folder and, where it can, the port."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.environment = {
            **os.environ,
            "LAYERLOOM_DATA": str(data),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.link = ""
        self.owner_cookies: dict[str, str] = {}

    def start(self, port: int = 0) -> Self:
        """Start and wait until the sign-in link is printed."""
        self.log = self.data / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            printed = self.log.read_text()
            found = re.search(r"(https?://\S+?)/sign-in\?token=([\w-]{43})", printed)
            if found:
                self.url, self.link = found[1], found[0]
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"The server did not start:\n{self.log.read_text()}")

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        """End the web process with SIGKILL, as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> Self:
        """Kill and start again on the same data and, if free, the same port."""
        port = self.port
        if self.process is not None and self.process.poll() is None:
            self.kill()
        return self.start(port)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `layerloom` with the data folder of this server."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    def sign_in_link(self, name: str | None = None) -> str:
        """Return a fresh one-time link, for the owner or for `name`, who is added when new."""
        printed = self.command("user", "add", name) if name else self.command("link")
        found = re.search(r"https?://\S+/sign-in\?token=[\w-]{43}", printed.stdout.replace("\n", ""))
        assert found is not None, printed.stdout
        return found[0]

    @contextmanager
    def client(self, link: str | None = None) -> Iterator[httpx.Client]:
        """Open an HTTP client that is signed in by `link`, or as the owner, who signs in once."""
        headers = {"origin": self.url}
        cookies = self.owner_cookies if link is None else {}
        with httpx.Client(
            base_url=self.url, headers=headers, cookies=cookies, follow_redirects=True, timeout=60
        ) as client:
            if not cookies:
                client.get(link or self.sign_in_link()).raise_for_status()
            if link is None:
                self.owner_cookies = dict(client.cookies)
            yield client

    def __enter__(self) -> Self:
        return self.start() if self.process is None else self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
