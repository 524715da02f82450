"""Python and notebooks: the script is executed as far as it builds the model, which is compared with the design's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
from keras.src.saving.object_registration import GLOBAL_CUSTOM_NAMES, GLOBAL_CUSTOM_OBJECTS

from app.codegen.notebook import render_notebook
from app.codegen.python_source import Script, render_script
from app.document.model import KerasConfig
from app.graph.demand import demand_of
from app.messages.data import TargetSpec
from app.messages.exports import Proof
from app.shared.errors import AppError
from app.worker import sandbox
from app.worker.building.keras_config import configured
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.errors import ExportFailed
from app.worker.exports.proof import versions
from app.worker.exports.subject import Subject


def write_python(subject: Subject, path: Path) -> Proof:
    """Write the script; what it builds has the configuration and, with the same weights, the predictions of ours."""
    script = _script(subject)
    proof = _proof(subject, script.source)
    path.write_text(script.source, encoding="utf-8")
    return proof


def write_notebook(subject: Subject, path: Path) -> Proof:
    """Write the script as a notebook; its cells in order are what was executed."""
    notebook = render_notebook(_script(subject))
    cells = [cell["source"] for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    proof = _proof(subject, "\n\n\n".join(cells[:-1]) + "\n")
    path.write_text(notebook, encoding="utf-8")
    return proof


def built_by(source: str) -> Any:
    """Return the model that a script builds; its `main` is not called, so that nothing is loaded or trained.

    The script is ours: only the design's own code in it is not, and that is executed in the sandbox alone.
    """
    namespace: dict[str, Any] = {"__name__": "exported"}
    with configured(KerasConfig()):
        exec(compile(source, "exported.py", "exec"), namespace)  # noqa: S102
        return namespace["build_model"]()


def _script(subject: Subject) -> Script:
    request = subject.request
    return render_script(subject.plan, request.document, request.data, targets=_targets(subject))


def _proof(subject: Subject, source: str) -> Proof:
    if subject.request.document.code and not sandbox.entered():
        compile(source, "exported.py", "exec")
        return Proof(
            format=subject.request.format,
            read_by="Python's compiler",
            parameters=subject.total_params,
            notes=["The script holds the design's own code, which runs in the sandbox only: it was not executed here."],
            versions=versions("keras"),
        )
    ours, named = subject.model, bool(subject.plan.model_name)
    expected = configuration(ours, named=named)
    with registry_kept():
        theirs = built_by(source)
        received = configuration(theirs, named=named)
    if expected != received or theirs.count_params() != ours.count_params():
        raise ExportFailed(
            "The script was written, but builds another model.",
            expected=f"{ours.count_params():,} parameters and an equal configuration",
            received=f"{theirs.count_params():,} parameters; {first_difference(expected, received)}",
            hint="Report this design; the file was thrown away.",
        )
    theirs.set_weights(ours.get_weights())
    return subject.compared_with(
        theirs,
        f"Python, and Keras {keras.__version__}",
        "The configurations are equal.",
        "Weights were copied for the comparison.",
    )


@contextmanager
def registry_kept() -> Iterator[None]:
    """Forget the classes that are registered meanwhile: a script registers its own copies of our layers."""
    kept = [(registry, dict(registry)) for registry in (GLOBAL_CUSTOM_OBJECTS, GLOBAL_CUSTOM_NAMES)]
    try:
        yield
    finally:
        for registry, before in kept:
            registry.clear()
            registry.update(before)


def _targets(subject: Subject) -> dict[str, TargetSpec]:
    """Return what the data holds for the Outputs to learn; nothing when it is not there: a script needs none."""
    document, plan, data = subject.request.document, subject.plan, subject.request.data
    if data is None:
        return {}
    from app.worker.data.sources import describe

    demand = demand_of(document, [each.node for each in plan.inputs], [each.node for each in plan.outputs])
    try:
        found = describe(data, demand)
    except (AppError, OSError):
        return {}
    return {one.node: found.target_of(one.node) for one in demand.outputs}
