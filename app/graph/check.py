"""What is wrong with a design before Keras is asked: names, parameters, ports, wires, cycles, ends, nested models."""

from app.catalog.model import Catalog
from app.document.model import GraphDocument
from app.graph.graph_problems import chain_problems, end_problems, nesting_problems
from app.graph.layer_problems import PLACEHOLDER, layer_problems, name_problems
from app.graph.model import Problem
from app.graph.nesting import read_nesting
from app.graph.node_problems import CALL_ARGUMENTS, cycle_problems, node_problems, wire_problems
from app.graph.survey import Survey, read_survey

__all__ = ["CALL_ARGUMENTS", "PLACEHOLDER", "Survey", "check", "settle", "survey"]


def check(document: GraphDocument, catalog: Catalog) -> list[Problem]:
    """Return what is wrong with `document`, worst first; never raises. Shapes are for the analysis to judge.

    What does not lead to an Output is left out of the model, so that its errors are warnings; so is a nested model
    that nothing built uses.
    """
    return survey(document, catalog).problems


def survey(document: GraphDocument, catalog: Catalog) -> Survey:
    """Read `document` against `catalog`; its `problems` are those of `check`."""
    found = read_survey(document, catalog)
    found.report(*layer_problems(found))
    for node in sorted(document.nodes):
        found.report(*node_problems(found, node))
    found.report(*name_problems(found))
    found.report(*wire_problems(found))
    found.report(*cycle_problems(found))
    found.report(*nesting_problems(found))
    found.report(*end_problems(found))
    found.built = _built(found)
    found.building = read_nesting(document, found.held, found.built or document.nodes)
    found.report(*chain_problems(found))
    found.problems = settle(found, found.problems)
    return found


def settle(found: Survey, problems: list[Problem]) -> list[Problem]:
    """Return `problems` with errors outside the model as warnings, in reading order, worst first."""
    settled = [
        problem.model_copy(update={"severity": "warning"})
        if problem.severity == "error" and found.built and problem.node and problem.node not in found.built
        else problem
        for problem in problems
    ]
    rank = {"error": 0, "warning": 1, "info": 2}
    return sorted(settled, key=lambda problem: rank[problem.severity])


def _built(found: Survey) -> set[str]:
    """Return what leads to an Output of the design, and inside each nested model that this uses, to one of its own."""
    built: set[str] = set()
    waiting, reached = [""], {""}
    while waiting:
        live = found.live(waiting.pop())
        built |= live
        for node in live if found.held else ():
            new = found.reached_graphs(found.document.nodes[node].layer) - reached
            reached |= new
            waiting += sorted(new)
    return built
