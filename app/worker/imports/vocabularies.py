"""Vocabularies that layers have learned, which a `.keras` file keeps as text beside the architecture."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.codegen.names import snake_case
from app.worker.imports.entries import is_nested

MAX_TERMS: Final = 50_000

_LEARNING: Final = frozenset({"TextVectorization", "StringLookup", "IntegerLookup"})

Text = Callable[[str], str | None]
"""Returns the text of a member of the archive, or None where there is none."""


def with_vocabularies(data: dict[str, Any], text_of: Text) -> dict[str, Any]:
    """Return an architecture in which the layers that have learned a vocabulary name it.

    Members are named as Keras saves them: by class, numbered within each model (`assets/layers/string_lookup_1/`).
    """
    return _model(data, "assets/", text_of) if is_nested(data) else data


def _model(entry: Mapping[str, Any], place: str, text_of: Text) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    layers = []
    for layer in entry["config"]["layers"]:
        if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
            return dict(entry)
        base = snake_case(layer["class_name"])
        name = f"{base}_{counts[base]}" if counts[base] else base
        counts[base] += 1
        layers.append(_layer(layer, f"{place}layers/{name}/", text_of))
    return {**entry, "config": {**entry["config"], "layers": layers}}


def _layer(entry: dict[str, Any], place: str, text_of: Text) -> dict[str, Any]:
    if is_nested(entry):
        return _model(entry, place, text_of)
    config = entry.get("config")
    if entry["class_name"] not in _LEARNING or not isinstance(config, dict) or config.get("vocabulary") is not None:
        return entry
    text = text_of(f"{place}vocabulary.txt")
    if text is None or config.get("output_mode") == "tf_idf":
        return entry
    terms = _terms(text.split("\n"), config)
    if len(terms) > MAX_TERMS:
        return _noted(entry, f"its vocabulary of {len(terms):,} terms was left out: adapt it to the data again")
    found: list[Any] = terms
    if entry["class_name"] == "IntegerLookup":
        found = [int(term) for term in terms if term.removeprefix("-").isdecimal()]
    told = _noted(entry, f"its vocabulary of {len(found):,} terms was read from the file")
    return {**told, "config": {**config, "vocabulary": found}}


def _terms(lines: list[str], config: Mapping[str, Any]) -> list[str]:
    """Return the terms without those for padding and for what is unknown, which the layer puts in front by itself."""
    mask = config.get("mask_token", "")
    unknown = str(config.get("oov_token", "[UNK]"))
    first = 0
    if mask is not None and lines[:1] == [str(mask)]:
        first = 1
    while lines[first : first + 1] == [unknown]:
        first += 1
    return lines[first:]


def _noted(entry: dict[str, Any], note: str) -> dict[str, Any]:
    notes = entry.get("converted")
    return {**entry, "converted": [*(notes if isinstance(notes, list) else []), note]}
