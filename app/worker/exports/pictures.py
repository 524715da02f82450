"""The model as text and as Keras draws it."""

from pathlib import Path

import keras

from app.messages.exports import Proof
from app.shared.errors import TooLarge
from app.worker.exports.errors import ExportFailed, ToolMissing
from app.worker.exports.proof import counts, versions
from app.worker.exports.subject import Subject

MAX_DRAWN = 2_000
"""Layers above this make a picture that no program opens."""

_WIDTH = 100


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

    Raises `ToolMissing` where Graphviz is not installed, `TooLarge` for more layers than anybody can look at.
    """
    if not keras.src.utils.model_visualization.check_graphviz():
        raise ToolMissing(
            "Keras draws with Graphviz, which is not installed on the server.",
            expected="the program dot of Graphviz on the PATH",
            received="none",
            hint="Install it there (Debian and Ubuntu: apt install graphviz), or download the picture of the canvas.",
        )
    if len(subject.plan.layers) > MAX_DRAWN:
        raise TooLarge(
            "This model has too many layers for one picture.",
            expected=f"at most {MAX_DRAWN:,}",
            received=f"{len(subject.plan.layers):,}",
            hint="Download the picture of the canvas, or the summary.",
        )
    keras.utils.plot_model(
        subject.model,
        to_file=path,
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        expand_nested=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    start = path.read_bytes()[:5] if path.is_file() else b""
    if start not in (b"\x89PNG\r", b"<?xml"):
        raise ExportFailed("Graphviz drew no picture.", expected="a PNG or an SVG", received=repr(start))
    return _read_by_people(subject)


def _read_by_people(subject: Subject) -> Proof:
    return Proof(
        format=subject.request.format,
        read_by="people",
        notes=["It is for reading and predicts nothing; the figures are those of the built model."],
        trained=subject.trained,
        versions=versions("keras"),
        **counts(subject.model),
    )
