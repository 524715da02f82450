"""Data sets and uploaded tables: what is read, how it is split, and what is refused in which words."""

import contextlib
import gzip
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document.model import FitOptions
from app.messages.data import BundledSource, CsvOptions, CsvSource, FeatureSpec, KerasSource, TargetSpec
from app.worker.data import keras_sets, table
from app.worker.data.errors import BadData, DataMissing, DataTooLarge
from app.worker.data.sources import describe, inspect_table, load, split_indices

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


FLOWERS = "length,width,kind\n" + "".join(
    f"{1 + index % 7}.5,{index % 5},{'red' if index % 2 else 'blue'}\n" for index in range(100)
)


def source(path: Path, **options: Any) -> CsvSource:
    return CsvSource(path=str(path), options=CsvOptions.model_validate({"targets": ["kind"], **options}))


@pytest.mark.parametrize(
    ("name", "shape", "target", "samples"),
    [
        ("digits", [8, 8, 1], "classification", 1797),
        ("iris", [4], "classification", 150),
        ("wine", [13], "classification", 178),
        ("breast_cancer", [30], "classification", 569),
        ("diabetes", [10], "regression", 442),
    ],
)
def test_bundled_sets(name: str, shape: list[int], target: str, samples: int) -> None:
    described = describe(BundledSource(name=name))
    data = load(BundledSource(name=name), FitOptions())
    assert described.samples == samples
    assert described.features == data.features == [FeatureSpec(shape=shape, dtype="float32")]
    assert described.target == data.targets[""]
    assert data.targets[""].kind == target
    assert data.validation is not None
    assert data.test is not None
    assert len(data.train) + len(data.validation) + len(data.test) == samples
    assert len(data.test) == described.test_samples == round(samples / 10)
    assert len(data.validation) == round((samples - len(data.test)) / 5)
    assert sum(count for _, count in described.histogram) == described.train_samples


def test_digits_are_images_between_0_and_1() -> None:
    data = load(BundledSource(name="digits"), FitOptions())
    assert (float(data.train.features[""].min()), float(data.train.features[""].max())) == (0.0, 1.0)
    assert data.targets[""] == TargetSpec(
        kind="classification", classes=[str(digit) for digit in range(10)], shape=[], encoding="integer"
    )
    preview = describe(BundledSource(name="digits")).preview
    images, labels = np.array(preview["images"]), preview["labels"]
    assert images.shape == (24, 8, 8)
    assert (images.min(), images.max()) == (0, 255)
    assert isinstance(labels, list)
    assert len(labels) == 24


def test_the_test_samples_are_the_same_whatever_the_seed_and_split() -> None:
    first = load(BundledSource(name="iris"), FitOptions(seed=1, validation_split=0.0))
    second = load(BundledSource(name="digits"), FitOptions(seed=1))
    third = load(BundledSource(name="digits"), FitOptions(seed=2, validation_split=0.5))
    assert first.validation is None
    assert second.test is not None
    assert third.test is not None
    assert np.array_equal(second.test.features[""], third.test.features[""])
    assert not np.array_equal(second.train.features[""][:50], third.train.features[""][:50])


@given(st.integers(2, 400), st.floats(0, 0.99), st.integers(0, 2**31 - 1))
@settings(max_examples=100, deadline=None)
def test_a_split_takes_every_sample_once(count: int, fraction: float, seed: int) -> None:
    keep, held = split_indices(count, fraction, seed)
    assert sorted([*keep, *held]) == list(range(count))
    assert len(keep) > 0
    assert (len(held) > 0) is (fraction > 0)
    again = split_indices(count, fraction, seed)
    assert np.array_equal(keep, again[0])


def test_an_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(BadData) as caught:
        load(BundledSource(name="titanic"), FitOptions())
    assert "digits" in caught.value.expected


def test_scales_are_learned_from_the_training_part_only() -> None:
    data = load(BundledSource(name="wine"), FitOptions(seed=3))
    assert data.validation is not None
    assert np.allclose(data.train.features[""].mean(axis=0), 0, atol=1e-4)
    assert np.allclose(data.train.features[""].std(axis=0), 1, atol=1e-3)
    assert not np.allclose(data.validation.features[""].mean(axis=0), 0, atol=1e-2)
    assert type(data.preparations[""].normalization) is keras.layers.Normalization


def test_a_table_is_inspected(write: Write) -> None:
    found = inspect_table(str(write(FLOWERS)))
    assert [(column.name, column.type, column.distinct) for column in found.columns] == [
        ("length", "number", 7),
        ("width", "number", 5),
        ("kind", "category", 2),
    ]
    assert found.rows == 100
    assert found.options == CsvOptions(delimiter=",", header=True, targets=["kind"])
    assert found.preview_rows[0] == ["1.5", "0", "blue"]
    assert found.encoding == "utf-8-sig"


@pytest.mark.parametrize(
    ("content", "delimiter", "header", "names"),
    [
        ("a;b\n1,5;2\n2,5;3\n", ";", True, ["a", "b"]),
        ("a\tb\n1\t2\n", "\t", True, ["a", "b"]),
        ("a|b|c\nx|y|1\nz|w|2\n", "|", True, ["a", "b", "c"]),
        ("1,2\n3,4\n", ",", False, ["column_1", "column_2"]),
        ("x\n1\n2\n", ",", True, ["x"]),
        ('"a, b",c\n"1, 2",3\n', ",", True, ["a, b", "c"]),
        ("a,,c\n1,2,3\n", ",", True, ["a", "column_2", "c"]),
        ("\r\na,b\r\n\r\n1,2\r\n", ",", True, ["a", "b"]),
        ("🍎,🍊\n🍏,🍋\n🍇,🍓\n", ",", True, ["🍎", "🍊"]),
        ("\ufeffa,b\n1,2\n", ",", True, ["a", "b"]),
    ],
)
def test_delimiter_and_header_are_found(
    write: Write, content: str, delimiter: str, header: bool, names: list[str]
) -> None:
    found = inspect_table(str(write(content)))
    assert (found.options.delimiter, found.options.header) == (delimiter, header)
    assert [column.name for column in found.columns] == names


def test_columns_of_one_name_are_numbered(write: Write) -> None:
    """Ten thousand of them too, which must not take long."""
    width = table.MAX_COLUMNS
    path = write("\n".join([",".join(["a"] * width), ",".join(["1"] * width)]))
    _, columns = table.read_table(path, CsvOptions())
    assert [column.name for column in columns] == ["a", *(f"a_{number}" for number in range(2, width + 1))]


def test_other_encodings(write: Write) -> None:
    latin = inspect_table(str(write("größe,farbe\n1,grün\n2,blau\n".encode("latin-1"))))
    assert (latin.encoding, latin.columns[0].name) == ("latin-1", "größe")
    wide = inspect_table(str(write("größe,farbe\n1,grün\n".encode("utf-16"))))
    assert (wide.encoding, wide.columns[1].examples) == ("utf-16", ["grün"])


def test_decimal_commas_are_numbers_where_the_comma_is_free(write: Write) -> None:
    read, _ = table.read_table(write("a;b\n1,5;x\n-2,25;y\n"), CsvOptions(delimiter=";"))
    assert read.columns["a"].values.tolist() == [1.5, -2.25]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n \n", "is empty"),
        (b"PK\x03\x04\x00\x00\x00", "not a text table"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n1,2\n3,4,5\n6\n", "line 3 has 3, line 4 has 1"),
        (b'a,b\n"' + b"x" * 200_000 + b"\n1,2\n", "Line 2 cannot be read"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "begins as UTF-16 and does not go on so"),
    ],
)
def test_what_is_no_table_is_refused_in_words(write: Write, content: bytes, words: str) -> None:
    with pytest.raises(BadData, match=words) as caught:
        inspect_table(str(write(content)))
    assert caught.value.hint


def test_classes_of_long_numbers_keep_their_names(write: Write) -> None:
    rows = "".join(f"{index},{(1000001, 1000002, -0.0)[index % 3]}\n" for index in range(60))
    described = describe(source(write("n,kind\n" + rows)))
    assert described.target.classes == ["0", "1000001", "1000002"]
    assert described.preview["rows"][:3] == [["0", "1000001"], ["1", "1000002"], ["2", "0"]]  # type: ignore[index]


def test_a_number_that_no_model_can_calculate_with_is_a_missing_one(write: Write) -> None:
    path = write("n,kind\n" + "".join(f"{index},{index}.5\n" for index in range(40)) + "inf,1\n1,-1e39\n")
    inspected = inspect_table(str(path))
    assert [(column.type, column.missing) for column in inspected.columns] == [("number", 1), ("number", 1)]
    described = describe(source(path))
    assert (described.samples, described.target.kind) == (40, "regression")


def test_scales_are_learned_in_float32_whatever_the_policy(write: Write) -> None:
    path = write("n,kind\n" + "".join(f"{index * 10_000},{index % 2}\n" for index in range(40)))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        data = load(source(path), FitOptions())
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(data.train.features[""]).all()
    assert np.allclose(data.train.features[""].std(axis=0), 1, atol=1e-3)


def test_a_table_over_the_limit_is_refused_unread(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(table.MAX_TABLE_BYTES + 1)
    with pytest.raises(DataTooLarge, match="too large"):
        inspect_table(str(path))


def test_a_long_table_is_inspected_in_bounded_time(write: Write) -> None:
    path = write("a,b\n" + "1,2\n" * 60_000)
    found = table.inspect_table(path, seconds=0.0)
    assert found.notes == ["The types come from the first 5,000 rows."]
    assert 50_000 < found.rows < 70_000


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_inspection(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "table.csv"
    path.write_bytes(content)
    with contextlib.suppress(BadData):
        assert inspect_table(str(path)).rows > 0


def test_a_table_becomes_features(write: Write) -> None:
    rows = "".join(f"{index},{'ab'[index % 2]},{'yes' if index % 3 else 'no'}\n" for index in range(50))
    data = load(source(write("n,letter,kind\n" + rows), test_fraction=0.2), FitOptions(seed=1))
    assert data.targets[""] == TargetSpec(kind="classification", classes=["no", "yes"], shape=[], encoding="binary")
    assert data.validation is not None
    assert data.test is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (32, 8, 10)
    assert data.train.features[""].shape == (32, 4)
    assert abs(float(data.train.features[""][:, 0].mean())) < 1e-5
    one_hot = data.train.features[""][:, 1:]
    assert np.array_equal(one_hot.sum(axis=1), np.ones(32))
    assert np.array_equal(one_hot[:, 0], np.zeros(32))
    assert list(data.preparations[""].lookups) == ["letter"]


def test_categories_are_learned_from_the_training_part_only(write: Write) -> None:
    path = write("letter,kind\n" + "".join(f"c{index},{index % 2}\n" for index in range(15)))
    data = load(source(path, test_fraction=0.4, validation_fraction=0.0), FitOptions(validation_split=0.0))
    assert data.test is not None
    assert len(data.preparations[""].lookups["letter"].get_vocabulary()) == len(data.train) + 1
    assert np.array_equal(data.test.features[""][:, 0], np.ones(len(data.test)))


def test_options_change_what_is_loaded(write: Write) -> None:
    path = write("n,letter,kind\n" + "".join(f"{index},{'ab'[index % 2]},{index % 3}\n" for index in range(60)))
    fit = FitOptions()
    plain = load(source(path, standardize=False, one_hot=False), fit)
    assert sorted(set(plain.train.features[""][:, 1])) == [1.0, 2.0]
    assert plain.train.features[""][:, 0].max() > 40
    regression = load(source(path, task="regression"), fit)
    assert regression.targets[""] == TargetSpec(kind="regression", shape=[1], encoding="number")
    assert regression.train.targets[""].shape[1:] == (1,)
    two = load(source(path, targets=["kind", "n"]), fit)
    assert two.targets[""].shape == [2]
    only = load(source(path, features=["n"]), fit)
    assert only.features == [FeatureSpec(shape=[1], columns=[("n", 1)])]
    other, first = (load(source(path, seed=seed), fit).train.features[""] for seed in (1, 0))
    assert other.tolist() != first.tolist()
    wider = load(source(path), FitOptions(validation_split=0.5))
    assert wider.validation is not None
    assert len(wider.validation) == 27


GAPS = "n,letter,kind\n1,a,x\n,a,y\n3,,x\n5,b,y\n7,b,\n" + "9,b,x\n" * 20


def test_missing_values(write: Write) -> None:
    path = write(GAPS)
    fit = FitOptions(validation_split=0.0)
    options = {"test_fraction": 0.0, "validation_fraction": 0.0, "standardize": False}

    def values(rule: str) -> list[float]:
        data = load(source(path, missing=rule, **options), fit)
        return sorted(float(value) for value in data.train.features[""][:, 0])

    assert values("drop") == [1, 5, *[9] * 20]
    assert values("median") == [1, 3, 5, *[9] * 21]
    assert values("most_frequent") == values("median")
    assert values("mean") == pytest.approx([1, 3, 5, 189 / 23, *[9] * 20])
    with pytest.raises(BadData, match="missing values"):
        values("error")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (FLOWERS, {"targets": []}, "No target column"),
        (FLOWERS, {"targets": ["colour"]}, "'colour' is not in the table"),
        (FLOWERS, {"task": "regression"}, "does not hold numbers"),
        (FLOWERS, {"targets": ["kind", "width"], "task": "classification"}, "one target column"),
        ("kind\na\nb\n", {}, "no column to learn from"),
        ("n,kind\n1,a\n2,a\n3,a\n", {}, "cannot be used as classes"),
        ("n,kind\n,a\n,b\n1,c\n", {}, "Too few rows"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_words(
    write: Write, content: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadData, match=words) as caught:
        load(source(write(content), **options), FitOptions())
    assert caught.value.hint


def test_a_table_is_described(write: Write) -> None:
    described = describe(source(write(FLOWERS)))
    assert (described.samples, described.train_samples, described.validation_samples, described.test_samples) == (
        100,
        72,
        18,
        10,
    )
    assert described.preview["columns"] == ["length", "width", "kind"]
    assert sum(count for _, count in described.histogram) == 90


def test_free_text_is_left_out_and_said_so(write: Write) -> None:
    rows = "".join(f"review number {index},{index % 4},{index % 2}\n" for index in range(500))
    described = describe(source(write("review,stars,kind\n" + rows)))
    assert described.features == [FeatureSpec(shape=[1], columns=[("stars", 1)])]
    assert "review" in described.notes[0]


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from keras.src.backend import config

    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    assert config.keras_home() == str(tmp_path)
    return tmp_path


def test_a_keras_set_that_cannot_be_had_names_the_file_to_place(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, entry in list(keras_sets.SETS.items()):
        monkeypatch.setitem(keras_sets.SETS, name, replace(entry, host="host.invalid"))
        with pytest.raises(DataMissing) as caught:
            describe(KerasSource(name=name))
        assert all(str(keras_home / file) in caught.value.hint for file in entry.files)
        assert entry.origin in caught.value.hint


def test_a_keras_set_is_read_from_its_cache_folder(keras_home: Path) -> None:
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 50), ("t10k", 10)):
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        with gzip.open(folder / f"{prefix}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">II", 2049, count) + labels.tobytes())
        with gzip.open(folder / f"{prefix}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
    data = load(KerasSource(name="fashion_mnist"), FitOptions())
    assert data.validation is not None
    assert data.test is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 10, 10)
    assert data.features == [FeatureSpec(shape=[28, 28, 1])]
    assert data.targets[""].classes[0] == "T-shirt/top"
    assert data.train.features[""].max() <= 1.0


def test_a_broken_file_of_a_keras_set_is_named(keras_home: Path) -> None:
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in keras_sets.SETS["fashion_mnist"].files:
        (keras_home / file).write_bytes(b"not gzip")
    with pytest.raises(BadData, match="cannot be read") as caught:
        load(KerasSource(name="fashion_mnist"), FitOptions())
    assert str(folder) in caught.value.expected


def test_sequences_become_arrays() -> None:
    padded = keras_sets.pad([[1, 2, 3], list(range(300))])
    assert padded.shape == (2, keras_sets.REVIEW_LENGTH)
    assert padded[0].tolist() == [0] * (keras_sets.REVIEW_LENGTH - 3) + [1, 2, 3]
    assert padded[1].tolist() == list(range(200, 300))
    hot = keras_sets.multi_hot([[1, 5, 5]])
    assert np.flatnonzero(hot[0]).tolist() == [1, 5]


def test_progress_of_loaders_is_not_printed(keras_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with keras_sets.download_limits():
        print("Downloading")
    assert capsys.readouterr().out == ""
