"""Reading design files: each bad one gets words that help."""

import json

import pytest

from app.document.model import GraphDocument
from app.document.read import MAX_BYTES, read_document
from app.shared.errors import AppError


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "invalid", "JSON cannot be read"),
        ('{"layers": {', "invalid", "JSON cannot be read"),
        (b"\xff\xfe\x00", "invalid", "JSON cannot be read"),
        ("[" * 100_000, "invalid", "JSON cannot be read"),
        (
            '{"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"units": NaN}}}}',
            "invalid",
            "cannot be read",
        ),
        ("[1]", "invalid", "not a design file"),
        ('{"format": 99}', "invalid", "newer Layerloom"),
        ('{"format": "x"}', "invalid", "no format"),
        ('{"surprise": 1}', "invalid", "does not fit the format at surprise"),
        ('{"nodes": {"a": {"layer": "b", "x": 1e300}}}', "invalid", "nodes.a.x"),
        (" " * (MAX_BYTES + 1), "too_large", "too large"),
    ],
)
def test_a_bad_file_is_refused_in_words(text: str | bytes, code: str, message: str) -> None:
    with pytest.raises(AppError) as refused:
        read_document(text)
    assert refused.value.code == code
    assert message in refused.value.message
    assert refused.value.expected


def test_a_good_file_is_read() -> None:
    document = GraphDocument.model_validate({"layers": {"a": {"class_name": "Dense", "name": "dense"}}})
    assert read_document(json.dumps(document.model_dump(mode="json"))) == document
