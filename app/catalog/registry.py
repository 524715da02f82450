"""Look-ups in the committed catalog. Reading it needs neither Keras nor a network."""

import re
from functools import cache
from importlib import resources

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.shared.errors import NotFound


@cache
def load_catalog() -> Catalog:
    """Return the catalog that is committed with this version, read once."""
    text = resources.files("app.catalog").joinpath("catalog.json").read_text("utf-8")
    return Catalog.model_validate_json(text)


def find_spec(kind: Kind | str, name: str, catalog: Catalog | None = None) -> ObjectSpec | None:
    """Return the spec named `name`, or known to Keras by that name (`"mse"`, `"glorot_uniform"`), or None.

    `catalog` is that of a design with code of its own; the committed one otherwise.
    """
    return (catalog or load_catalog()).find(Kind(kind), name)


def get_spec(kind: Kind | str, name: str, catalog: Catalog | None = None) -> ObjectSpec:
    """Return the spec named `name`; raise `NotFound`, with the nearest names, when there is none."""
    spec = find_spec(kind, name, catalog)
    if spec is None:
        catalog = catalog or load_catalog()
        near = ", ".join(found.name for found in search(name, kind)[:3])
        raise NotFound(
            f"The catalog has no {Kind(kind).singular} of this name.",
            expected=f"one of the {len(catalog.objects[Kind(kind)])} {Kind(kind).value} of Keras {catalog.version}",
            received=repr(name)[:200],
            hint=f"Did you mean {near}?" if near else "See `layerloom catalog`.",
        )
    return spec


def search(query: str, kind: Kind | str | None = None) -> list[ObjectSpec]:
    """Return the specs that answer `query`, best first: by name, then alias, then purpose, then summary.

    Every word of the query must be found somewhere. An empty query returns everything in catalog order.
    """
    kinds = [Kind(kind)] if kind is not None else list(Kind)
    specs = [spec for each in kinds for spec in load_catalog().objects.get(each, {}).values()]
    words = _words(query)
    if not words:
        return specs
    ranked = [
        (rank, len(spec.name), spec.name, spec) for spec in specs if (rank := _rank(spec, query, words)) is not None
    ]
    return [spec for *_, spec in sorted(ranked, key=lambda row: row[:3])]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _rank(spec: ObjectSpec, query: str, words: list[str]) -> int | None:
    whole = "".join(words)
    names = [_squeezed(name) for name in (spec.name, *spec.identifiers)]
    aliases = [_squeezed(alias) for alias in spec.aliases]
    if names[0] == whole:
        return 0
    if whole in names or whole in aliases:
        return 1
    if any(name.startswith(whole) for name in names):
        return 2
    if any(alias.startswith(whole) for alias in aliases):
        return 3
    if any(whole in name for name in names):
        return 4
    purposes = " ".join(spec.purposes).lower()
    if query.strip().lower() in purposes:
        return 5
    for rank, text in (
        (6, " ".join([*names, *aliases, purposes])),
        (7, " ".join([*names, *aliases, purposes, spec.category, spec.summary.lower()])),
    ):
        if all(word in text for word in words):
            return rank
    return None


def _squeezed(name: str) -> str:
    return "".join(_words(name))
