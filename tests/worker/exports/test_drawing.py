"""Drawings that a sandbox left as text: what may be drawn, and what not."""

from pathlib import Path

import pytest

from app.messages.analysis import DrawPlotRequest
from app.messages.exports import Proof
from app.worker.exports.drawing import draw_plot
from app.worker.exports.errors import ExportFailed
from app.worker.sandbox.probe import probe

TIER = probe().tier

pytestmark = pytest.mark.skipif(TIER == "none", reason="this machine has no sandbox")

PLAIN = "digraph G {\nrankdir=TB;\n1 [label=<<table><tr><td><b>image</b> (Dense)</td></tr></table>>];\n2;\n1 -> 2;\n}\n"


def drawn(text: str, kind: str, folder: Path, **more: object) -> Path:
    (folder / "text").write_text(text)
    request = DrawPlotRequest.model_validate(
        {
            "text": str(folder / "text"),
            "tier": TIER,
            "format": f"plot_{kind}",
            "path": str(folder / "picture"),
            "proof": Proof(format="plot_png", read_by="people"),
            **more,
        }
    )
    found = draw_plot(request)
    assert sorted(path.name for path in folder.iterdir()) == ["picture", "text"]
    return Path(found.path)


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_text_is_drawn_without_a_network_and_files(kind: str, start: bytes, tmp_path: Path) -> None:
    assert drawn(PLAIN, kind, tmp_path).read_bytes().startswith(start)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("2;", '2 [image="/etc/hostname"];'),
        PLAIN.replace("2;", '2 ["shapefile" = "/etc/hostname"];'),
        PLAIN.replace("2;", '2 [URL="javascript:alert(1)"];'),
        PLAIN.replace("2;", "2 [edgehref=x];"),
        PLAIN.replace("(Dense)", '<IMG SRC="/etc/hostname"/>'),
        PLAIN.replace("rankdir=TB", 'fontpath="/"'),
        "graph {}",
        PLAIN + " " * 2**23,
    ],
)
def test_a_text_that_names_files_or_addresses_is_not_drawn(text: str, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed) as caught:
        drawn(text, "svg", tmp_path)

    assert caught.value.received
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_what_graphviz_does_not_understand_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed) as caught:
        drawn("digraph {{{", "png", tmp_path)

    assert "syntax error" in caught.value.received
