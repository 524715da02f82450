"""Files for other runtimes: TensorFlow SavedModel, ONNX and LiteRT. Each is run there before it is offered."""

import contextlib
import functools
import io
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import keras

from app.graph.model import Plan
from app.messages.exports import Proof
from app.shared.errors import AppError, TooLarge
from app.worker.exports.errors import ExportFailed, NotInThisFormat
from app.worker.exports.proof import (
    OTHER_RUNTIME,
    SAME_KERNELS,
    all_layers,
    as_array,
    predictions,
    relaxed,
    versions,
)
from app.worker.exports.subject import Subject
from app.worker.quiet import quietly

MAX_PARAMS: Final = 450_000_000
"""ONNX and LiteRT files end at 2 GiB; weights above this do not fit with what else is in there."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def write_savedmodel(subject: Subject, path: Path) -> Proof:
    """Write a zip of the SavedModel's folder; TensorFlow loads the folder and predicts the same."""
    import tensorflow

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=path.name) as scratch:
        folder = Path(scratch) / "saved_model"
        theirs = _converted(subject, "tf_saved_model", folder, lambda _: _run_savedmodel(folder, subject.batch.inputs))
        proof = subject.compared(
            theirs, relaxed(subject.model, SAME_KERNELS), f"TensorFlow {tensorflow.__version__}", *_notes(subject)
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(scratch))
    return proof


def write_onnx(subject: Subject, path: Path) -> Proof:
    """Write an ONNX model; ONNX Runtime predicts the same. Raise `NotInThisFormat` for text and states."""
    _refuse_text(subject, "ONNX")
    _refuse_states(subject, "ONNX")
    _refuse_size(subject, "ONNX")
    theirs = _converted(subject, "onnx", path, functools.partial(_run_onnx, path, subject.batch.inputs))
    proof = subject.compared(theirs, relaxed(subject.model, OTHER_RUNTIME), "ONNX Runtime", *_notes(subject))
    return proof.model_copy(update={"versions": proof.versions | versions("onnx", "onnxruntime", "tf2onnx")})


def write_litert(subject: Subject, path: Path) -> Proof:
    """Write a LiteRT model (`.tflite`); its interpreter predicts the same. Raise `NotInThisFormat` as above."""
    _refuse_text(subject, "LiteRT")
    _refuse_states(subject, "LiteRT")
    _refuse_size(subject, "LiteRT")
    for layer in all_layers(subject.model):
        if getattr(layer, "compute_dtype", "float32") == "float64":
            raise NotInThisFormat(
                f"{layer.name} calculates in float64, which LiteRT does not.",
                expected="float32 throughout",
                received="float64",
                hint="Set dtype to float32, or export ONNX, SavedModel or .keras.",
            )
    notes = _notes(subject)
    run = functools.partial(_run_litert, path, subject.batch.inputs)
    try:
        theirs = _converted(subject, "litert", path, run)
    except ExportFailed as failure:
        unrolled = _unrolled(subject.plan)
        if unrolled == subject.plan:
            raise
        notes = [*notes, "Recurrent layers are unrolled in the file: LiteRT has no loops over open sizes."]
        try:
            theirs = _converted(subject, "litert", path, run, unrolled)
        except (AppError, ValueError):
            raise failure from None
    proof = subject.compared(theirs, relaxed(subject.model, OTHER_RUNTIME), "LiteRT", *notes)
    return proof.model_copy(update={"versions": proof.versions | versions("ai-edge-litert")})


def _converted(
    subject: Subject, kind: str, path: Path, run: Callable[[list[str]], Sequence[Any]], changed: Plan | None = None
) -> Sequence[Any]:
    """Write the model as `kind` to `path` and return what `run` gives for the names of its inputs.

    `changed` is a plan with the same weights to write instead. Raises `ExportFailed` where Keras cannot write it or the
    other runtime cannot read it.
    """
    plan = _plainly_named(changed or subject.plan)
    model = subject.model if plan is subject.plan else subject.rebuilt(plan)
    if model is not subject.model:
        model.set_weights(subject.model.get_weights())
    predictions(model, subject.batch.inputs)
    options = _only_builtin_operations() if kind == "litert" else {}
    try:
        with _silence():
            model.export(path, format=kind, verbose=False, **options)
            return run([plan.layers[planned.layer].name for planned in plan.inputs])
    except Exception as error:
        raise ExportFailed(
            f"{_TITLES[kind]} cannot hold this model.",
            expected=f"operations that {_TITLES[kind]} knows",
            received=_first_words(error),
            hint=_HINTS[kind],
        ) from error


def _unrolled(plan: Plan) -> Plan:
    """Return `plan` with recurrent layers, also those in wrappers, told to unroll their loops."""

    def params_of(class_name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        inner = {
            key: {**value, "config": params_of(value["class_name"], value.get("config") or {})}
            for key, value in params.items()
            if isinstance(value, dict) and isinstance(value.get("class_name"), str)
        }
        return {**params, **inner, **({"unroll": True} if class_name in _RECURRENT else {})}

    layers = {
        key: layer.model_copy(update={"params": params_of(layer.class_name, layer.params)})
        for key, layer in plan.layers.items()
    }
    return plan.model_copy(update={"layers": layers})


_RECURRENT: Final = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN"})


def _only_builtin_operations() -> dict[str, Any]:
    """Return the settings for a LiteRT model that its runtime reads by itself, without TensorFlow's operations."""
    import tensorflow

    builtin = tensorflow.lite.OpsSet.TFLITE_BUILTINS
    return {"target_spec": {"supported_ops": [builtin]}, "_experimental_lower_tensor_list_ops": True}


_TITLES: Final = {"tf_saved_model": "SavedModel", "onnx": "ONNX", "litert": "LiteRT"}
_HINTS: Final = {
    "tf_saved_model": "Export .keras, which holds every layer.",
    "onnx": "Export SavedModel or .keras, which hold every operation of TensorFlow.",
    "litert": "Give the inputs fixed sizes, set unroll in recurrent layers, or export SavedModel or .keras.",
}


def _run_savedmodel(folder: Path, inputs: Sequence[Any]) -> Sequence[Any]:
    import tensorflow

    loaded = tensorflow.saved_model.load(str(folder))
    tensors = [tensorflow.convert_to_tensor(array) for array in inputs]
    outputs = loaded.serve(*tensors) if len(tensors) == 1 else loaded.serve(tensors)
    return [as_array(output) for output in keras.tree.flatten(outputs)]


def _run_onnx(path: Path, inputs: Sequence[Any], names: Sequence[str]) -> Sequence[Any]:
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    taken = {one.name for one in session.get_inputs()}
    outputs: Sequence[Any] = session.run(None, _fed(names, inputs, taken))
    return outputs


def _run_litert(path: Path, inputs: Sequence[Any], names: Sequence[str]) -> Sequence[Any]:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    runner = Interpreter(str(path)).get_signature_runner()
    found = runner(**_fed(names, inputs, runner.get_input_details()))
    return [found[name] for name in sorted(found, key=lambda name: int(name.rpartition("_")[2]))]


def _fed(names: Sequence[str], inputs: Sequence[Any], taken: Container[str]) -> dict[str, Any]:
    """Return the arrays by the names of the inputs; one that no output depends on is not asked for."""
    return {name: array for name, array in zip(names, inputs, strict=True) if name in taken}


def _plainly_named(plan: Plan) -> Plan:
    """Return `plan` with its layers numbered, where a name holds signs that TensorFlow's graphs refuse."""
    if all(_PLAIN.fullmatch(layer.name) for layer in plan.layers.values()):
        return plan
    layers = {
        key: layer.model_copy(update={"name": f"layer_{number}"})
        for number, (key, layer) in enumerate(plan.layers.items(), start=1)
    }
    return plan.model_copy(update={"layers": layers})


def _notes(subject: Subject) -> list[str]:
    if _plainly_named(subject.plan) is subject.plan:
        return []
    return ["Layers are called layer_1, layer_2, ... in the file: their names hold signs that it does not allow."]


def _refuse_text(subject: Subject, title: str) -> None:
    for tensor in subject.model.inputs:
        if tensor.dtype == "string":
            raise NotInThisFormat(
                f"The input {tensor.name} is text, which {title} does not take.",
                expected="inputs of numbers",
                received="string",
                hint="Export the part after the text layer, or SavedModel or .keras, which take text.",
            )


def _refuse_states(subject: Subject, title: str) -> None:
    for layer in all_layers(subject.model):
        if getattr(layer, "stateful", False):
            raise NotInThisFormat(
                f"{layer.name} keeps its state from one batch to the next, which {title} does not.",
                expected="layers that keep nothing between calls",
                received="stateful",
                hint="Turn stateful off, or export SavedModel or .keras.",
            )


def _refuse_size(subject: Subject, title: str) -> None:
    if subject.total_params > MAX_PARAMS:
        raise TooLarge(
            f"{title} files end at 2 GiB, and this model has too many weights for one.",
            expected=f"at most {MAX_PARAMS:,} parameters",
            received=f"{subject.total_params:,}",
            hint="Export SavedModel or .keras.",
        )


def _first_words(error: Exception) -> str:
    """Return what an error says, without the traceback and colours that some carry."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return f"{type(error).__name__}: {text}"[:1_000]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what converters print and warn of out of the log; their errors still raise."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), quietly():
        warnings.simplefilter("ignore")
        yield
