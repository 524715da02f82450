"""The model that takes raw rows: what it predicts is what the trained one predicts of the prepared rows."""

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn import datasets

from app.document.model import FitOptions, GraphDocument
from app.graph.demand import demand_of
from app.messages.data import CsvOptions, CsvSource
from app.messages.events import RunState
from app.worker.building.build import build_model
from app.worker.data.sources import load, split_indices
from app.worker.training.raw_model import raw_model
from tests.worker.data.test_columns import FITTING, two_ends
from tests.worker.designs import job
from tests.worker.training.test_trainer import iris, of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAME = "model_with_preprocessing.keras"


def test_raw_rows_of_a_bundled_table(tmp_path: Path) -> None:
    state, events = run(iris(tmp_path))
    assert state is RunState.FINISHED
    assert [event["name"] for event in of(events, "artifact")] == ["model.keras", NAME, "model.py"]
    raw = keras.saving.load_model(tmp_path / NAME)
    trained = keras.saving.load_model(tmp_path / "model.keras")
    rows = datasets.load_iris().data.astype(np.float32)
    rest, _ = split_indices(len(rows), 0.1, 0)
    kept, _ = split_indices(len(rest), 0.2, 1)
    train = rows[np.sort(rest)][kept]
    prepared = (rows - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(raw.predict({"row": rows}, verbose=0), trained.predict(prepared, verbose=0), rtol=1e-3)


@pytest.mark.parametrize("options", [{}, {"standardize": False, "one_hot": False}], ids=["prepared", "plain"])
def test_raw_columns_of_a_table(tmp_path: Path, options: dict[str, Any]) -> None:
    columns = FITTING if not options else FITTING | {"aux": ["p", "q", "color", "word", "label"]}
    source, rows = table(tmp_path, options)
    document = two_ends(columns)
    state, events = run(job(tmp_path / "run", document, source))
    assert state is RunState.FINISHED, events[-1]
    raw = keras.saving.load_model(tmp_path / "run" / NAME)
    trained = keras.saving.load_model(tmp_path / "run" / "model.keras")
    data = load(source, document.training.fit, demanded(document))
    assert data.test is not None
    _, test = split_indices(len(rows), source.options.test_fraction, source.options.seed)
    ours = raw.predict({name: given(rows, test, name) for name in raw.input}, verbose=0)
    theirs = trained.predict(list(data.test.features.values()), verbose=0)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_what_was_not_prepared_needs_no_further_model() -> None:
    document = two_ends({})
    data = load(job(Path("unused")).data, FitOptions())
    assert raw_model(build_model, data, demanded(document).inputs) is None


def demanded(document: GraphDocument) -> Any:
    return demand_of(document, ["ids", "aux"], ["kind", "price"])


def table(folder: Path, options: dict[str, Any]) -> tuple[CsvSource, list[dict[str, str]]]:
    random = np.random.default_rng(2)
    path = folder / "data.csv"
    lines = [
        f"{n % 17},{('red', 'green', 'blue')[n % 3]},{random.normal():.3f},{random.normal():.3f},{n % 3},{n % 7}.5"
        for n in range(60)
    ]
    path.write_text("word,color,p,q,label,cost\n" + "\n".join(lines) + "\n")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    return CsvSource(path=str(path), options=CsvOptions.model_validate({"targets": ["cost"], **options})), rows


def given(rows: list[dict[str, str]], places: Any, name: str) -> Any:
    """Return the column that an input is called after, of some rows."""
    cells = [[rows[place][name]] for place in places]
    return keras.ops.convert_to_tensor(cells, dtype="string") if name == "color" else np.array(cells, np.float32)
