"""A plan as a Python script that runs by itself: data, model, `compile`, `fit` and `evaluate`."""

from functools import cache
from pathlib import PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.catalog.registry import load_catalog
from app.codegen.data import TABLES, Target, find_data
from app.codegen.literals import literal
from app.codegen.network import render_network
from app.codegen.training_source import render_fit
from app.document.model import Training
from app.graph.model import Plan


def render_script(
    plan: Plan,
    training: Training,
    data: object | None = None,
    *,
    target: object | None = None,
    csv_name: str = "data.csv",
) -> str:
    """Return the script of `plan`, trained as `training` says on `data`.

    Without `data` (a `DataSource`; one of an unknown name counts as none) the script builds and compiles the model
    only. `target` (a `TargetSpec`) is what the data set turned out to hold; it decides the loss where the design names
    none and the task is not plain from `data`. An uploaded table is read as `csv_name` beside the script. Raises
    `Invalid` for what the catalog does not have.
    """
    catalog = load_catalog()
    known = None if data is None else find_data(data)
    found = None if target is None else Target.model_validate(target)
    fit = render_fit(plan, training, catalog, known, found)
    name = known.name if known is not None else ""
    source = (
        _environment()
        .get_template("script.py.jinja")
        .render(
            network=render_network(plan, catalog),
            fit=fit,
            options=training.fit,
            data=known.source if known is not None else "",
            dataset=name,
            table=name in TABLES,
            task=fit.task,
            csv=known.options if known is not None else None,
            csv_name=literal(PurePosixPath(csv_name.replace("\\", "/")).name or "data.csv"),
            inputs=len(plan.inputs),
            outputs=len(plan.outputs),
            literal=literal,
        )
    )
    return _tidied(source)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("app.codegen"),
        autoescape=select_autoescape(enabled_extensions=(), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def _tidied(source: str) -> str:
    """Leave two blank lines at most, and none at the end."""
    lines: list[str] = []
    for line in source.rstrip().split("\n"):
        if line.strip() or (len(lines) < 2 or lines[-1] or lines[-2]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
