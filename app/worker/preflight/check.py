"""Whether a design can be trained on a data set, and whether it will start: before anything is started."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from app.catalog.model import Catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.check import Survey, settle
from app.graph.demand import is_labelled
from app.graph.model import Problem
from app.messages.analysis import Analysis
from app.messages.data import DatasetDescription
from app.worker.analysis.analyse import analysis_of
from app.worker.analysis.counts import weight_shapes
from app.worker.analysis.reading import Reading, read
from app.worker.preflight.ends import input_problems, output_problems, target_problems
from app.worker.preflight.memory import memory_problems
from app.worker.preflight.training import training_problems


def analyse_for(
    document: GraphDocument,
    catalog: Catalog,
    data: DatasetDescription | None,
    known: Mapping[str, JsonValue] | None = None,
    *,
    weights: bool = False,
) -> Analysis:
    """Analyse `document`; with `data`, its problems include what keeps it from being trained on that.

    `known` is what own code gave where it was executed. With `weights`, their shapes are told too.
    """
    reading = read(document, catalog, known)
    analysis = analysis_of(reading)
    if weights:
        analysis = analysis.model_copy(update={"weights": weight_shapes(reading)})
    if data is None:
        return analysis
    found = list(preflight(reading, data))
    mended = {(problem.node, problem.port) for problem in found}
    kept = [
        problem
        for problem in analysis.problems
        if problem.code != "flatten_suggested" or (problem.node, problem.port) not in mended
    ]
    found += memory_problems(document, analysis.costs)
    return analysis.model_copy(update={"problems": settle(reading.found, [*kept, *found])})


def preflight(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield what does not fit between the design and `data`, as far as its shapes are known."""
    found = reading.found
    yield from input_problems(reading, data)
    for node in sorted(found.live("")):
        if found.marker_of(node) != "output":
            continue
        if is_labelled(found.document.training, node):
            yield from output_problems(reading, node, data.target_of(node))
        else:
            yield from target_problems(reading, node, data)
    yield from _stray_problems(found)
    yield from _shown_targets(found)
    yield from _class_weight_problems(found, data)
    yield from training_problems(reading, data)


def _stray_problems(found: Survey) -> Iterator[Problem]:
    """Yield what is said of nodes that are not there, or lead nowhere."""
    training, live = found.document.training, found.live("")
    for section in ("losses", "metrics", "targets", "columns", "tasks"):
        for node in sorted(set(getattr(training, section)) - live):
            yield Problem(
                code="stray_training",
                severity="warning",
                param=section,
                message=f"The {section} name a node that is not there, and are left out.",
                expected="the id of an Output node" + (" or an Input" if section == "columns" else ""),
                received=node,
                hint="Remove them.",
                fix=fixes.remove_value(["training", section, node], f"Remove {section} of {node}"),
            )


def _shown_targets(found: Survey) -> Iterator[Problem]:
    """Warn of an Input that sees what an Output is to learn: it would learn nothing else."""
    columns, live = found.document.training.columns, found.live("")
    ends = {node: names for node, names in columns.items() if node in live}
    learned = {name for node, names in ends.items() if found.marker_of(node) == "output" for name in names}
    for node, names in sorted(ends.items()):
        shown = [name for name in names if name in learned]
        if found.marker_of(node) != "input" or not shown:
            continue
        path, left = ["training", "columns", node], [name for name in names if name not in learned]
        title = f"Take {', '.join(shown)[:80]} from {found.name_of(node)}"
        yield Problem(
            code="target_shown",
            severity="warning",
            node=node,
            param="columns",
            message=f"{found.name_of(node)} sees what an Output is to learn.",
            expected="columns that no Output learns",
            received=", ".join(shown)[:500],
            hint="Take these columns from the Input.",
            fix=fixes.set_value(path, list[JsonValue](left), title) if left else fixes.remove_value(path, title),
        )


def _class_weight_problems(found: Survey, data: DatasetDescription) -> Iterator[Problem]:
    weights = found.document.training.fit.class_weight
    if weights != "none" and data.target.kind == "regression":
        yield Problem(
            code="class_weight",
            param="class_weight",
            message="Class weights need classes, and the data has numbers to predict.",
            expected="none",
            received=str(weights)[:100],
            hint="Set class weights to none.",
            fix=fixes.set_value(["training", "fit", "class_weight"], "none", "Set class weights to none"),
        )
