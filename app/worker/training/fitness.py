"""Whether the samples of the data and the ends of the model belong together, when both are there."""

from collections.abc import Sequence

from app.worker.training.compile import BadTraining
from app.worker.training.failure import Blamed
from app.worker.training.session import Session


def check_inputs(session: Session) -> None:
    """Raise when an Input of the model does not take the samples of the data."""
    assert session.plan is not None
    for tensor, planned, feature in zip(session.model.inputs, session.plan.inputs, session.data.features, strict=True):
        wanted, offered = tuple(tensor.shape[1:]), tuple(feature.shape)
        fits = len(wanted) == len(offered) and all(
            size is None or size == given for size, given in zip(wanted, offered, strict=True)
        )
        if not fits:
            name = session.plan.layers[planned.layer].name
            raise Blamed(
                BadTraining(
                    f"The data does not fit the Input {name}.",
                    expected=f"samples of shape {_shown(wanted)}",
                    received=f"samples of shape {_shown(offered)}{feature.origin}",
                    hint=f"Set the shape of the Input to {_shown(offered)}, or choose other data.",
                ),
                planned.node,
            )


def check_classes(session: Session) -> None:
    """Raise when an output has fewer units than its labels have classes: Keras itself would go on with rubbish."""
    for end in session.ends:
        classes = len(session.data.targets[end.node].classes) if end.node in session.data.targets else 0
        units = end.units or classes
        if classes and units < (1 if classes == 2 else classes):
            raise Blamed(
                BadTraining(
                    "The last layer has too few units for the classes of the data.",
                    expected=f"{classes} units",
                    received=f"{units}",
                    hint=f"Set its units to {classes}.",
                ),
                _producer(session, end.node),
            )


def _producer(session: Session, output: str) -> str:
    assert session.plan is not None
    return next((planned.source.node for planned in session.plan.outputs if planned.node == output), output)


def _shown(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
