"""A design as a Python script that runs by itself: data, model, `compile`, `fit` and `evaluate`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.catalog.own import catalog_for
from app.codegen.data import TABLES, Target, find_data
from app.codegen.literals import Literals, literal
from app.codegen.network import Network, Statement, render_network
from app.codegen.own_source import (
    defined_names,
    embed_code,
    embed_layers,
    needed_imports,
    private_imports,
    refuse_names_of_the_script,
)
from app.codegen.samples_source import samples_source
from app.codegen.table_source import table_source
from app.codegen.training_source import render_fit
from app.codegen.weights_source import find_start
from app.document.model import GraphDocument
from app.graph.demand import demand_of
from app.graph.model import Plan
from app.graph.stateful import batch_of
from app.shared.errors import Invalid


class Section(NamedTuple):
    """A part of a script under one of our own headings; `statements` follow each other without blank lines."""

    title: str
    statements: tuple[Statement, ...]

    @property
    def text(self) -> str:
        return "\n".join(statement.text for statement in self.statements)


@dataclass(frozen=True)
class Script:
    """A script in sections, each two blank lines after the other."""

    sections: tuple[Section, ...]

    @property
    def source(self) -> str:
        return _SPACE.join(section.text for section in self.sections) + "\n"

    @property
    def nodes(self) -> dict[str, tuple[int, int]]:
        """The first and last line of each node's statement, counted from 1."""
        found = {}
        for statement, first in self._places():
            if statement.node:
                found[statement.node] = (first, first + statement.text.count("\n"))
        return found

    def _places(self) -> Iterator[tuple[Statement, int]]:
        line = 1
        for section in self.sections:
            for statement in section.statements:
                yield statement, line
                line += statement.text.count("\n") + 1
            line += _SPACE.count("\n") - 1


_SPACE: Final = "\n\n\n"


def render_script(
    plan: Plan,
    document: GraphDocument,
    data: object | None = None,
    *,
    targets: Mapping[str, object] | None = None,
    csv_name: str = "data.csv",
) -> Script:
    """Return the script of `plan`, the plan of `document`, trained as the document says on `data`.

    Without `data` (a `DataSource`; one of an unknown name counts as none) the script builds and compiles the model
    only. `targets` (each a `TargetSpec`) are what the data set turned out to hold for the Outputs to learn, by node;
    they decide losses where the design names none and the task is not plain from `data`. An uploaded table is read as
    `csv_name` beside the script, and weights to start from as files there that `app.codegen.weights_source` names.
    Raises `Invalid` for what the catalog does not have, and for own code that cannot stand in one script.
    """
    catalog = catalog_for(document)
    own = defined_names(document.code)
    network = render_network(plan, document, catalog, own)
    used = dict(network.used)
    literals = Literals(catalog, used=used)
    known = None if data is None else find_data(data)
    found = {node: Target.model_validate(target) for node, target in (targets or {}).items()}
    fit = render_fit(plan, document.training, catalog, known, found, literals)
    outputs = [each.node for each in plan.outputs]
    demand = demand_of(document, [each.node for each in plan.inputs], outputs)
    table = None if known is None or known.options is None else table_source(known.options, demand, fit.tasks)
    batch = batch_of(plan)
    samples = samples_source(document.training, demand, outputs, known, table, fit.labels, batch)
    training = _tidied(
        _environment()
        .get_template("training.py.jinja")
        .render(
            fit=fit,
            options=document.training.fit,
            data=known.source if known is not None else "",
            dataset=known.name if known is not None else "",
            tabular=known is not None and known.name in TABLES,
            task=next(iter(fit.tasks.values()), "classification"),
            csv=known.options if known is not None else None,
            csv_name=literal(PurePosixPath(csv_name.replace("\\", "/")).name or "data.csv"),
            table=table,
            tasks=set(fit.tasks.values()),
            outputs=len(plan.outputs),
            batch=batch,
            turns=samples.turns,
            returned=samples.returned,
            start=find_start(document, catalog),
            literal=literal,
        )
    )
    embedded = embed_layers(used.values())
    code = embed_code(document.code, used.values())
    body = [*embedded.sources, *code, *fit.settings, *_texts(network), training]
    offered = [*embedded.imports, *private_imports(used.values())]
    imports = _imports("\n\n".join(body), offered, fit.settings)
    refuse_names_of_the_script(code, "\n\n".join([*embedded.sources, *_texts(network), training]))
    about = ", its data and its training" if known is not None else ""
    head = "\n".join([f'"""A Keras model{about}, exported by Layerloom."""', "", *imports])
    sections = [
        _section("Imports", head),
        *(_section("A layer that Keras does not have", source) for source in embedded.sources),
        *(_section("Own code", source) for source in code),
        *(Section("The model", function) for function in network.functions),
        *(_section("Training", part) for part in training.split(_SPACE)),
    ]
    return Script(tuple(sections))


def _texts(network: Network) -> list[str]:
    return ["\n".join(statement.text for statement in function) for function in network.functions]


def _imports(body: str, offered: list[str], settings: list[str]) -> list[str]:
    try:
        imports = needed_imports(body, *offered)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Invalid(
            "The design's own code cannot stand in one script with its model.",
            expected="Python that may follow other statements",
            received=str(error)[:500],
            hint="Leave out `from __future__` imports and what only works at the start of a file.",
        ) from error
    return [*imports, *([""] if settings else []), *settings]


def _section(title: str, text: str) -> Section:
    return Section(title, (Statement(text),))


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
    for line in source.strip().split("\n"):
        if line.strip() or (len(lines) < 2 or lines[-1] or lines[-2]):
            lines.append(line.rstrip())
    return "\n".join(lines)
