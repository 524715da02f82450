"""The model as text and as Keras draws it."""

from html import escape
from pathlib import Path
from typing import Any, Final

import keras

from app.messages.exports import Proof
from app.shared.errors import TooLarge
from app.worker import sandbox
from app.worker.exports.errors import ExportFailed, ToolMissing
from app.worker.exports.proof import counts, versions
from app.worker.exports.subject import Subject

MAX_DRAWN: Final = 2_000
"""Layers above this make a picture that no program opens."""

MAX_TEXT: Final = 8 * 2**20
"""Bytes of a drawing as text: what that many layers come to, and more."""

_WIDTH: Final = 100


def write_summary(subject: Subject, path: Path) -> Proof:
    """Write what `model.summary()` prints, nested models unfolded."""
    lines: list[str] = []
    subject.model.summary(
        line_length=_WIDTH, print_fn=lambda line, **_: lines.append(line), expand_nested=True, show_trainable=True
    )
    path.write_text("\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n", encoding="utf-8")
    return _read_by_people(subject)


def write_plot(subject: Subject, path: Path) -> Proof:
    """Draw the model with `keras.utils.plot_model`, as PNG or SVG by the end of `path`.

    In a sandbox, where no program can be started, what is written is the text of the drawing, for
    `app.worker.exports.drawing`. Raises `ToolMissing` where Graphviz is not installed, `TooLarge` for more layers than
    anybody can look at.
    """
    if len(subject.plan.layers) > MAX_DRAWN:
        raise TooLarge(
            "This model has too many layers for one picture.",
            expected=f"at most {MAX_DRAWN:,}",
            received=f"{len(subject.plan.layers):,}",
            hint="Download the picture of the canvas, or the summary.",
        )
    if sandbox.entered():
        path.write_text(keras.utils.model_to_dot(_labelled(subject), **_SHOWN).to_string(), encoding="utf-8")
        return _read_by_people(subject)
    if not keras.src.utils.model_visualization.check_graphviz():
        raise no_graphviz()
    keras.utils.plot_model(_labelled(subject), to_file=path, **_SHOWN)
    require_picture(path)
    return _read_by_people(subject)


_SHOWN: Final = {
    "show_shapes": True,
    "show_dtype": True,
    "show_layer_names": True,
    "expand_nested": True,
    "show_layer_activations": True,
    "show_trainable": True,
}


def no_graphviz() -> ToolMissing:
    """Return the error for a server without Graphviz."""
    return ToolMissing(
        "Keras draws with Graphviz, which is not installed on the server.",
        expected="the program dot of Graphviz on the PATH",
        received="none",
        hint="Install it there (Debian and Ubuntu: apt install graphviz), or download the picture of the canvas.",
    )


def require_picture(path: Path) -> None:
    """Raise `ExportFailed` where `path` is not a PNG or an SVG."""
    start = b""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(5)
    if start not in (b"\x89PNG\r", b"<?xml"):
        raise ExportFailed("Graphviz drew no picture.", expected="a PNG or an SVG", received=repr(start))


def _labelled(subject: Subject) -> Any:
    """Return the model with names that Graphviz takes as text: it reads labels as HTML."""
    layers = {key: layer.model_copy(update={"name": escape(layer.name)}) for key, layer in subject.plan.layers.items()}
    if layers == subject.plan.layers:
        return subject.model
    return subject.rebuilt(subject.plan.model_copy(update={"layers": layers}))


def _read_by_people(subject: Subject) -> Proof:
    return Proof(
        format=subject.request.format,
        read_by="people",
        notes=["It is for reading and predicts nothing; the figures are those of the built model."],
        trained=subject.trained,
        versions=versions("keras"),
        **counts(subject.model),
    )
