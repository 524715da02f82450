"""A real PostgreSQL of the tests' own, on a Unix socket, as an ordinary user (PostgreSQL refuses to run as root)."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def find_binaries() -> Path | None:
    """Return the folder that holds `initdb`; None where PostgreSQL is not installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).parent
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(found[-1]).parent if found else None


@contextmanager
def running() -> Iterator[str | None]:
    """Start a cluster in a temporary folder and yield the URL of its server, without a database's name."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user is not None else {}
    folder = Path(tempfile.mkdtemp(prefix="ll-pg-"))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    cluster = str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments],
            check=True,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account,  # type: ignore[arg-type]
        )

    run("initdb", "-D", cluster, "-U", "layerloom", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=100"
    run("pg_ctl", "-D", cluster, "-o", options, "-w", "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://layerloom@/{{database}}?host={folder}"
    finally:
        run("pg_ctl", "-D", cluster, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def create_database(server: str, name: str) -> str:
    """Create the database `name` and return its URL."""
    with psycopg.connect(server.format(database="postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    return server.format(database=name)
