"""The artifact, its proof and a few words about both, in one zip."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.messages.analysis import ExportedModel
from app.messages.exports import EXPORTS, ExportFormat, Proof

_HOW_TO_READ: Final = {
    "keras": 'model = keras.saving.load_model("{name}")',
    "h5": 'model = keras.saving.load_model("{name}")',
    "weights": 'model.load_weights("{name}")  # of a model of the same design',
    "json": 'model = keras.models.model_from_json(open("{name}").read())',
    "python": "python {name}",
    "notebook": "jupyter lab {name}",
    "savedmodel": 'tensorflow.saved_model.load("saved_model").serve(x)  # after unpacking {name}',
    "onnx": 'onnxruntime.InferenceSession("{name}").run(None, inputs)',
    "litert": 'ai_edge_litert.interpreter.Interpreter("{name}").get_signature_runner()',
    "summary": "a text file",
    "plot_png": "a picture",
    "plot_svg": "a picture",
}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def offer(
    path: Path, export_format: ExportFormat, write: Callable[[Path], Proof], *, bundled_as: str | None
) -> ExportedModel:
    """Have `write` make an artifact beside `path`, and put that there when it is whole, or else nothing at all.

    With `bundled_as` it is a zip with the proof, in which the artifact has that name.
    """
    part = path.with_name(f"{path.name}.part{EXPORTS[export_format].suffix}")
    bundle = path.with_name(f"{path.name}.part.zip")
    try:
        proof = write(part)
        if bundled_as is None:
            part.replace(path)
        else:
            _write_bundle(part, bundled_as, proof, bundle)
            bundle.replace(path)
    finally:
        part.unlink(missing_ok=True)
        bundle.unlink(missing_ok=True)
    return ExportedModel(path=str(path), bytes=path.stat().st_size, sha256=sha256(path), proof=proof)


def _write_bundle(artifact: Path, name: str, proof: Proof, path: Path) -> None:
    """Write the zip of `artifact`, there called `name` and the suffix of its format, and of `proof`."""
    file = name + EXPORTS[proof.format].suffix
    size, digest = artifact.stat().st_size, sha256(artifact)
    entry = {"file": file, "bytes": size, "sha256": digest}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(artifact, file)
        archive.writestr("proof.json", json.dumps({**entry, **proof.model_dump()}, indent=2) + "\n")
        archive.writestr("proof.md", _table(proof, file, size, digest))
        archive.writestr("README.md", _readme(proof, file))


def _readme(proof: Proof, file: str) -> str:
    return (
        "# A model, exported by Layerloom\n\n"
        f"- `{file}`: the model. Use it with `{_HOW_TO_READ[proof.format].format(name=file)}`.\n"
        "- `proof.md` and `proof.json`: what was compared after the file was read back, before it was offered.\n"
    )


def _table(proof: Proof, file: str, size: int, digest: str) -> str:
    rows = [
        ("File", f"`{file}`, {size:,} bytes"),
        ("SHA-256", f"`{digest}`"),
        ("Read back by", proof.read_by),
        ("Parameters", _number(proof.parameters)),
        ("Trainable parameters", _number(proof.trainable_parameters)),
        ("Weights", "of a training run" if proof.trained else "as initialised, seed 0"),
        *((package, version) for package, version in sorted(proof.versions.items())),
    ]
    lines = ["# Proof", "", "| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in rows), ""]
    if proof.outputs:
        lines += [
            f"Both models saw the same {proof.samples} samples; values agree within "
            f"{proof.atol:g} + {proof.rtol:g} of the value.",
            "",
            "| output | shape | dtype | largest difference |",
            "|---|---|---|---|",
            *(
                f"| {number} | {tuple(output.shape)} | {output.dtype} | {output.largest_difference:.3g} |"
                for number, output in enumerate(proof.outputs, start=1)
            ),
            "",
        ]
    return "\n".join([*lines, *proof.notes, ""])


def _number(value: int | None) -> str:
    return "not counted" if value is None else f"{value:,}"
