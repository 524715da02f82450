"""Analysis of a design against `keras.models.model_from_json` of the same model: cold, and after one edit.

Run `python -m benchmarks.analysis`. Times are the best of several; the ratios are what counts.
"""

import gc
import json
import time
from collections.abc import Callable
from typing import Any

from app.worker.quiet import import_keras, quietly

import_keras()

import keras  # noqa: E402

from app.catalog.registry import load_catalog  # noqa: E402
from app.document.edits import SetValue, apply_edits  # noqa: E402
from app.document.model import GraphDocument  # noqa: E402
from app.worker.analysis import analyse as analysis  # noqa: E402
from app.worker.imports.drawn import import_config  # noqa: E402

ROUNDS = 8
"""How often each side is timed; the fastest counts, as the machine may be shared."""

TARGETS = {"cold": 10.0, "after one edit": 100.0}


def timed(action: Callable[[], Any], times: int) -> float:
    """Return the seconds of the fastest of `times` runs."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def cold(document: GraphDocument) -> None:
    analysis.forget()
    analysis.analyse(document, load_catalog())


def edited(document: GraphDocument) -> Callable[[], Any]:
    """Return an action that analyses `document` with another number of units in its last Dense, each time anew."""
    last = next(name for name, layer in reversed(document.layers.items()) if layer.class_name == "Dense")
    data = document.model_dump()
    versions = iter(
        GraphDocument.model_validate(
            apply_edits(data, [SetValue(path=["layers", last, "params", "units"], value=units)])
        )
        for units in range(901, 950)
    )
    ready = [next(versions) for _ in range(20)]
    waiting = iter(ready)
    return lambda: analysis.analyse(next(waiting), load_catalog())


def report(name: str, make: Callable[..., Any]) -> list[tuple[str, str, float]]:
    """Print the figures of one model; return the ratios by what they compare."""
    with quietly():
        text = make(weights=None).to_json()
        document = import_config(json.loads(text), name, load_catalog()).document
        rebuilt = timed(lambda: keras.models.model_from_json(text), ROUNDS)
        analysis.analyse(document, load_catalog())
        first = timed(lambda: cold(document), ROUNDS)
        again = timed(edited(document), 20)
    print(
        f"{name} ({len(document.nodes)} nodes): model_from_json {rebuilt * 1e3:.0f} ms, "
        f"cold {first * 1e3:.1f} ms ({rebuilt / first:.1f}x, wanted 10x), "
        f"after one edit {again * 1e3:.2f} ms ({rebuilt / again:.0f}x, wanted 100x)"
    )
    return [(name, "cold", rebuilt / first), (name, "after one edit", rebuilt / again)]


def main() -> int:
    """Print the ratios and whether they meet their targets.

    Both sides run as in the zygote's children, with what was imported out of the garbage collector's way.
    """
    load_catalog()
    gc.collect()
    gc.freeze()
    ratios = [
        *report("ResNet50", keras.applications.ResNet50),
        *report("EfficientNetB7", keras.applications.EfficientNetB7),
    ]
    for name, what, ratio in ratios:
        target = TARGETS[what]
        row = {"what": f"{name}, {what}: model_from_json / ours", "ratio": ratio, "target": f">= {target:g}"}
        print(json.dumps({**row, "met": ratio >= target}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
