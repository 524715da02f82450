"""`python -m app.worker COMMAND`: the doors of the worker room; each imports only what it needs."""

import importlib
import sys
from typing import Final

COMMANDS: Final = {
    "introspect": "app.worker.introspection.introspect",
    "zygote": "app.worker.zygote",
    "analyze": "app.worker.analysis_service",
    "import": "app.worker.analysis_service",
    "export": "app.worker.analysis_service",
    "run": "app.worker.launching.launcher",
    "attend": "app.worker.sandbox.attend",
    "sandbox": "app.worker.sandbox.probe",
    "train": "app.worker.training.train",
}
"""Each module offers `command(name, arguments) -> exit status`."""


def main(arguments: list[str]) -> int:
    """Run one command; return 2 when it is not one of `COMMANDS`."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: python -m app.worker {{{','.join(COMMANDS)}}} ...", file=sys.stderr)
        return 2
    name, *rest = arguments
    status: int = importlib.import_module(COMMANDS[name]).command(name, rest)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
