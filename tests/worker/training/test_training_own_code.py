"""Losses, metrics, callbacks, initializers, activations and functions of a design's own, named in its training."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.catalog.own import catalog_for
from app.document.model import GraphDocument
from app.messages.data import DatasetDescription, FeatureSpec, TargetSpec
from app.messages.events import RunState
from app.worker import sandbox
from app.worker.building import own_code
from app.worker.preflight.check import analyse_for
from tests.worker.designs import MLP, chain, job
from tests.worker.training.test_trainer import IRIS, of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SOURCES = {
    "losses": (
        "Steep",
        """
import keras

class Steep(keras.losses.Loss):
    def __init__(self, factor: float = 1.0, name="steep", reduction="sum_over_batch_size"):
        super().__init__(name=name, reduction=reduction)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
""",
    ),
    "metrics": (
        "Seen",
        """
import keras

class Seen(keras.metrics.Metric):
    def __init__(self, start: int = 0, name="seen", **options):
        super().__init__(name=name, **options)
        self.start = start
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.cast(keras.ops.shape(y_pred)[0], "float32"))

    def result(self):
        return self.total + self.start

    def reset_state(self):
        self.total.assign(0.0)
""",
    ),
    "callbacks": (
        "Diary",
        """
import keras

class Diary(keras.callbacks.Callback):
    def __init__(self, word: str = "epoch"):
        super().__init__()
        self.word = word

    def on_epoch_end(self, epoch, logs=None):
        print(self.word, epoch, sorted(logs))
""",
    ),
    "initializers": (
        "Half",
        """
import keras

class Half(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return 0.5 * keras.ops.ones(shape, dtype=dtype)
""",
    ),
    "activations": (
        "bent",
        """
import keras

def bent(x):
    return keras.ops.maximum(x, 0.1 * x)
""",
    ),
    "functions": (
        "tell",
        """
def tell(logs=None):
    print("done with", sorted(logs))
""",
    ),
}


@pytest.fixture
def inside_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process execute the sources above, which are ours."""
    monkeypatch.setattr(sandbox, "_entered", True)
    yield
    own_code.clear()


def design() -> GraphDocument:
    layers = (
        MLP[0],
        ("hidden", "Dense", {"units": 8, "activation": "bent", "bias_initializer": {"class_name": "Half"}}),
        *MLP[2:],
    )
    training = {
        "losses": {"output": {"class_name": "Steep", "config": {"factor": 2.0}}},
        "metrics": {"output": {"m": {"class_name": "Seen", "config": {"start": 5}}}},
        "callbacks": {
            "c": {"class_name": "Diary", "config": {"word": "after"}},
            "d": {"class_name": "LambdaCallback", "config": {"on_train_end": "tell"}},
        },
    }
    code = {kind: {"kind": kind, "name": name, "source": source} for kind, (name, source) in SOURCES.items()}
    return GraphDocument.model_validate({**chain(layers, training).model_dump(), "code": code})


def test_own_code_trains(
    tmp_path: Path, inside_the_sandbox: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, events = run(job(tmp_path, design(), IRIS, epochs=2, seed=1))
    assert state is RunState.FINISHED, events[-1]
    assert of(events, "started")[0]["metrics"] == ["loss", "seen"]
    assert of(events, "started")[0]["defaults"] == {"optimizer": "Adam"}
    assert [event["logs"]["seen"] for event in of(events, "epoch")] == [108 + 5] * 2
    said = [event["text"] for event in of(events, "log")]
    assert said[:2] == [f"after {epoch} ['loss', 'seen', 'val_loss', 'val_seen']" for epoch in (0, 1)]
    done = "done with ['loss', 'seen', 'val_loss', 'val_seen']"
    assert said[2:] == [done, "model_with_preprocessing.keras takes raw rows, by column: row."]
    source = (tmp_path / "model.py").read_text()
    callbacks = ('Diary(word="after")', "keras.callbacks.LambdaCallback(on_train_end=tell)")
    for line in ("loss=Steep(factor=2.0)", "metrics=[Seen(start=5)]", "activation=bent", *callbacks):
        assert line in source
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    exec(compile(source, "model.py", "exec"), {"__name__": "__main__"})
    assert done in capsys.readouterr().out.splitlines()


SAMPLING = """
import tensorflow as tf
import keras

class Sampling(keras.layers.Layer):
    def call(self, inputs):
        return inputs + tf.random.normal(tf.shape(inputs))
"""


def test_a_model_that_draws_random_numbers_is_kept(tmp_path: Path, inside_the_sandbox: None) -> None:
    """As in a variational autoencoder: no two predictions are equal, so that the weights are compared."""
    layers = (MLP[0], ("sampling", "Sampling", {}), *MLP[1:])
    code = {"sampling": {"kind": "layers", "name": "Sampling", "source": SAMPLING}}
    document = GraphDocument.model_validate({**chain(layers, {}).model_dump(), "code": code})

    state, events = run(job(tmp_path, document, IRIS, epochs=1, seed=1))

    assert state is RunState.FINISHED, events[-1]
    assert [each["name"] for each in of(events, "artifact")][:1] == ["model.keras"]
    told = "The model draws random numbers as it predicts: the saved one was compared by its weights."
    assert told in [event["text"] for event in of(events, "log")]


def test_own_code_is_not_executed_outside_the_sandbox(tmp_path: Path) -> None:
    state, events = run(job(tmp_path, design(), IRIS, epochs=1))
    assert (state, events[-1]["code"]) == (RunState.FAILED, "own_code_not_loaded")


DATA = DatasetDescription(
    kind="table",
    samples=150,
    train_samples=135,
    features=[FeatureSpec(shape=[4])],
    target=TargetSpec(kind="classification", classes=["a", "b", "c"], shape=[], encoding="integer"),
)


def test_the_preflight_takes_own_code_by_its_parameters() -> None:
    def codes(document: GraphDocument) -> set[str]:
        return {problem.code for problem in analyse_for(document, catalog_for(document), DATA).problems}

    document = design()
    assert codes(document) & {"unknown_object", "unknown_param", "compile_refused", "loss_labels"} == set()
    document.training.losses["output"].config["faktor"] = 2
    assert "unknown_param" in codes(document)


def test_a_function_with_the_wrong_arguments_is_told_before_the_run() -> None:
    document = design()
    document.training.callbacks["d"].config["on_epoch_end"] = "tell"
    found = analyse_for(document, catalog_for(document), DATA).problems
    (problem,) = [problem for problem in found if problem.code == "wrong_arguments"]
    assert (problem.message, problem.param, problem.expected) == (
        "LambdaCallback: tell cannot be called as on_epoch_end.",
        "callbacks",
        "def tell(epoch, logs)",
    )
