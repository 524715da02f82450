from app.document.edits import SetValue
from app.document.model import FitOptions, GraphDocument, Training
from app.graph.model import Fix, Problem
from app.messages.analysis import Costs
from app.worker.preflight.memory import KERAS_BYTES, memory_problems

GB = 2**30


def document(batch_size: int) -> GraphDocument:
    return GraphDocument(training=Training(fit=FitOptions(batch_size=batch_size)))


def costs(fixed: int, per_sample: int, batch_size: int) -> Costs:
    return Costs(activation_bytes=per_sample // 2, training_bytes=fixed + per_sample * batch_size)


def test_a_step_that_fits_is_no_problem() -> None:
    assert list(memory_problems(document(32), costs(GB, 2**20, 32), 4 * GB)) == []


def test_a_step_that_does_not_fit_is_offered_the_largest_batch_that_does() -> None:
    free = GB + KERAS_BYTES + 20 * 2**20

    (problem,) = memory_problems(document(64), costs(GB, 2**20, 64), free)

    assert problem == Problem(
        code="memory_short",
        severity="warning",
        param="batch_size",
        message="A training step needs about 1.6 GB of memory, and 1.6 GB are free.",
        expected="at most 1.6 GB",
        received="1.6 GB: weights, gradients and optimizer state, and activations of 64 samples",
        hint="Train on smaller batches.",
        fix=Fix(title="Set batch size to 16", edits=(SetValue(path=["training", "fit", "batch_size"], value=16),)),
    )
    assert list(memory_problems(document(16), costs(GB, 2**20, 16), free)) == []


def test_weights_that_do_not_fit_by_themselves_have_no_fix() -> None:
    (problem,) = memory_problems(document(32), costs(9 * GB, 2**20, 32), 4 * GB)

    assert problem.fix is None
    assert problem.hint == "Make the layers smaller; even one sample does not fit."


def test_without_a_figure_the_memory_of_this_machine_counts() -> None:
    assert list(memory_problems(document(1), Costs())) == []
    assert [found.code for found in memory_problems(document(1), Costs(training_bytes=2**60))] == ["memory_short"]
