"""A drawing that was written as text in a sandbox, drawn by Graphviz in another one.

No program can be started where own code runs, so Keras' drawing leaves it as text. Who wrote that is not trusted:
Graphviz reads files and links that a text names, so such a text is refused, and a fresh sandbox, without network and
without anybody's files, becomes Graphviz.
"""

import re
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Final

from app.messages.analysis import DrawPlotRequest, ExportedModel
from app.messages.exports import Proof
from app.worker.exports.bundle import offer
from app.worker.exports.errors import ExportFailed
from app.worker.exports.pictures import MAX_TEXT, no_graphviz, require_picture
from app.worker.sandbox.guard import Guard
from app.worker.sandbox.profile import DRAWING, GRAPHVIZ, Limits, Profile

LIMITS: Final = Limits(memory_bytes=2**30, disk_bytes=2**27, file_bytes=2**26, told_bytes=2**16, seconds=60.0)
POLL_SECONDS: Final = 0.05

_READS: Final = re.compile(
    r"""(?ix) (?<![\w.]) (image|imagepath|shapefile|fontpath|stylesheet|_background|layout|\w*url|\w*href) "?\s*=
    | <\s*img\b"""
)
"""Attributes by which a drawing names a file, a program or an address."""


def draw_plot(request: DrawPlotRequest) -> ExportedModel:
    """Draw the text at `request.text` to `request.path`; raise `ToolMissing` or `ExportFailed`."""

    def drawn(part: Path) -> Proof:
        _draw(_checked(Path(request.text)), part.suffix.removeprefix("."), request, part)
        return request.proof

    return offer(Path(request.path), request.format, drawn, bundled_as=request.name if request.bundle else None)


def _checked(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MAX_TEXT + 1)
    found = _READS.search(text.decode(errors="replace"))
    if len(text) > MAX_TEXT or found is not None or not text.lstrip().startswith((b"digraph", b"strict digraph")):
        raise ExportFailed(
            "The drawing of this model is none that may be drawn.",
            expected=f"a graph without files and addresses, at most {MAX_TEXT / 2**20:.0f} MiB",
            received=found[0] if found is not None else f"{len(text):,} bytes, {text[:40]!r}",
            hint="Give the layers plain names, or download the picture of the canvas.",
        )
    return text


def _draw(text: bytes, kind: str, request: DrawPlotRequest, path: Path) -> None:
    if not Path(GRAPHVIZ).is_file():
        raise no_graphviz()
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as scratch:
        folder = Path(scratch) / "drawing"
        folder.mkdir(mode=0o700)
        (folder / DRAWING).write_bytes(text)
        said = _confined(folder, kind, request)
        picture = folder / f"{DRAWING}.{kind}"
        if picture.is_symlink() or not picture.is_file():
            raise ExportFailed("Graphviz drew no picture.", expected="a PNG or an SVG", received=said[:500])
        shutil.copyfile(picture, path)
    require_picture(path)


def _confined(folder: Path, kind: str, request: DrawPlotRequest) -> str:
    """Run Graphviz on the text in `folder`, in a sandbox of its own; return what it printed."""
    log = folder.parent / "log.txt"
    ours, theirs = socket.socketpair()
    with ours:
        guard = Guard(request.tier, Profile(folder, limits=LIMITS), f"draw_{kind}", theirs, log)
        try:
            while guard.process.poll() is None:
                excess = guard.watch()
                if excess is not None:
                    raise ExportFailed(
                        "Graphviz came to no end with the drawing of this model.",
                        expected=f"a picture within {LIMITS.seconds:.0f} s and {LIMITS.memory_bytes / 2**30:.0f} GiB",
                        received=excess.reason,
                        hint="Download the picture of the canvas, or the summary.",
                    )
                time.sleep(POLL_SECONDS)
        finally:
            guard.kill()
            guard.wait(1.0)
    return log.read_text(errors="replace") if log.exists() else ""
