"""Asking Keras, in a process for it."""

import json
import subprocess
import sys
from typing import Any

from app.shared.errors import AppError


def ask(command: str, request: dict[str, Any]) -> Any:
    """Return what the worker answers to `request`; raise its refusal."""
    done = subprocess.run(
        [sys.executable, "-m", "app.worker", command],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
    )
    answer = _last_object(done.stdout)
    if "ok" in answer:
        return answer["ok"]
    refusal = answer.get("refusal")
    if refusal is None:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise AppError("The worker ended without an answer.", received=" ".join(last) or f"status {done.returncode}")
    raise AppError(refusal["message"], expected=refusal["expected"], received=refusal["received"], hint=refusal["hint"])


def _last_object(output: bytes) -> dict[str, Any]:
    for line in reversed(output.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
