"""The catalog reference is fresh, complete and the same every time; a catalog diff tells every change."""

from typing import Any

from app.catalog.difference import differences
from app.catalog.model import Catalog, Kind
from app.catalog.reference import render_reference
from app.catalog.registry import load_catalog
from docs.reference import FOLDER, main

CATALOG = load_catalog()


def test_the_committed_pages_are_fresh() -> None:
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert written == render_reference(CATALOG), "run make docs"


def test_every_object_and_parameter_is_told() -> None:
    text = "\n".join(render_reference(CATALOG).values())
    for specs in CATALOG.objects.values():
        for spec in specs.values():
            assert f"\n## {spec.name}\n" in text
            for param in spec.params:
                assert f"| `{param.name}` |" in text


def test_writing_removes_pages_that_are_no_more(tmp_path: Any) -> None:
    (tmp_path / "old.md").write_text("x")
    assert main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(render_reference(CATALOG))


def changed(name: str, **fields: Any) -> Catalog:
    """Return the catalog with other fields of a layer."""
    layers = dict(CATALOG.objects[Kind.LAYER])
    layers[name] = layers[name].model_copy(update=fields)
    return Catalog(version="9", objects={**CATALOG.objects, Kind.LAYER: layers})


def test_a_diff() -> None:
    dense = CATALOG.objects[Kind.LAYER]["Dense"]
    units, activation, *rest = dense.params
    wider = units.model_copy(update={"minimum": 2.0, "default": 3, "required": False, "help": "Other words."})
    assert differences(CATALOG, CATALOG) == []
    assert differences(CATALOG, changed("Dense", params=(wider, *rest), summary="Other words.")) == [
        "changed  layer Dense: parameter activation is gone",
        "changed  layer Dense: required of units is False, was True",
        "changed  layer Dense: default of units is 3, was None",
        "changed  layer Dense: minimum of units is 2.0, was 1.0",
    ]
    assert differences(CATALOG, changed("Dense", params=(activation, units, *rest))) == [
        "changed  layer Dense: its parameters are in another order"
    ]
    assert differences(changed("Dense", outputs=()), CATALOG) == ["changed  layer Dense: other outputs"]


def test_a_diff_of_whole_objects() -> None:
    fewer = {name: spec for name, spec in CATALOG.objects[Kind.LAYER].items() if name != "Dense"}
    without = Catalog(version="9", objects={**CATALOG.objects, Kind.LAYER: fewer})
    assert differences(CATALOG, without) == ["removed  layer Dense"]
    assert differences(without, CATALOG) == ["added    layer Dense"]
