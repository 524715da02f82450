"""Why a run failed, in words, and which node of its design is to blame."""

import re
import sys
import traceback
from collections.abc import Iterator
from typing import Final

import keras

from app.graph.model import Plan
from app.messages.events import RunState
from app.shared.errors import AppError
from app.worker.building import own_code
from app.worker.building.build import nodes_by_layer_name
from app.worker.data.errors import BadData
from app.worker.training.session import Session
from app.worker.weights.start import CannotStart

_LOST_NUMBERS: Final = "Lower the learning rate, set clipnorm in the optimizer, or standardise the data."


class Blamed(Exception):
    """An error whose node is known."""

    def __init__(self, error: AppError, node: str) -> None:
        super().__init__(error.message)
        self.error = error
        self.node = node


class LostNumbers(AppError):
    """The loss became something else than a finite number."""

    code = "nan"

    def __init__(self, epoch: int, step: int) -> None:
        super().__init__(
            f"The loss is not a number any more (epoch {epoch}, step {step}).",
            expected="a finite loss",
            received="NaN or infinite",
            hint=_LOST_NUMBERS,
        )


def tell_failure(session: Session, error: BaseException) -> None:
    """End the run as failed, with the words for `error`."""
    traceback.print_exception(error, file=sys.__stderr__)
    node, cause = (error.node, error.error) if isinstance(error, Blamed) else ("", error)
    if isinstance(cause, BadData | CannotStart):
        node = cause.node
    place = own_code.locate(cause)
    if isinstance(cause, AppError):
        reason = " ".join(filter(None, (cause.message, _sides(cause))))
        code, hint = cause.code, cause.hint
    else:
        code, reason, hint = explain(cause)
    if place is not None and code != own_code.OwnCodeFailed.code:
        code, reason = "own_code", f"In {place}: {type(_first_cause(cause)).__name__}: {reason}"
    session.say(
        "state",
        state=RunState.FAILED.value,
        reason=reason,
        code=code,
        hint=hint,
        node=node or blamed_node(cause, session.plan),
    )


def _first_cause(error: BaseException) -> BaseException:
    return list(_causes(error))[-1]


def _sides(error: AppError) -> str:
    if not (error.expected or error.received):
        return ""
    return f"Expected: {error.expected}. Received: {error.received}."


def explain(error: BaseException) -> tuple[str, str, str]:
    """Return code, reason and hint for an error of Keras, TensorFlow or Python."""
    text = str(error).strip() or type(error).__name__
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        hint = "Choose a smaller batch size, or fewer units."
        return "out_of_memory", f"There was not enough memory: {_first_lines(text)}", hint
    if isinstance(error, RuntimeError) and text.startswith("NaN or Inf loss"):
        return "nan", text, _LOST_NUMBERS
    if isinstance(error, OSError) and error.errno == 28:
        return "disk_full", "There is no space left on the disk.", "Free some space, then train again."
    return "keras_error", _first_lines(_essence(text)), ""


def _essence(text: str) -> str:
    """Return what a graph error says behind the stack that TensorFlow puts in its text."""
    if not text.startswith("Graph execution error"):
        return text
    noise = (" ", "\t", "Graph execution error", "Detected at node", "Stack trace")
    lines = [line for line in text.splitlines() if line and not line.startswith(noise)]
    return " ".join(lines) or text


def _first_lines(text: str) -> str:
    return text if len(text) <= 1_500 else text[:1_500] + " ..."


def blamed_node(error: BaseException, plan: Plan | None) -> str:
    """Return the node whose layer raised `error`: the innermost one on the stack, else one that the text names."""
    if plan is None:
        return ""
    nodes = nodes_by_layer_name(plan)
    causes = list(_causes(error))
    for cause in reversed(causes):
        for frame, _ in reversed(list(traceback.walk_tb(cause.__traceback__))):
            layer = frame.f_locals.get("self")
            if isinstance(layer, keras.layers.Layer) and layer.name in nodes:
                return nodes[layer.name]
    text = " ".join(map(str, causes))
    named = (name for name in sorted(nodes, key=len, reverse=True) if _names(text, name))
    return nodes.get(next(named, ""), getattr(error, "node", ""))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _names(text: str, name: str) -> bool:
    """TensorFlow numbers a layer's operations: `dense` runs as `sequential_1/dense_1/MatMul`."""
    return re.search(rf"(?<!\w){re.escape(name)}(_\d+)?(?!\w)", text) is not None
