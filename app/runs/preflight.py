"""Whether a design can be trained: asked before every run, and by everybody who looks at the Train tab."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from app.accounts.principal import Principal
from app.catalog.own import catalog_for
from app.datasets import service as datasets
from app.designs import own_code
from app.document.edits import RemoveValue
from app.document.model import GraphDocument
from app.graph.demand import read_demand
from app.graph.model import Fix, Problem
from app.infra.analysis import Refused
from app.infra.services import Services
from app.messages.analysis import Analysis, AnalyzeRequest, Refusal
from app.messages.egress import check_egress
from app.runs.schemas import Preflight
from app.runs.starting import Origins, weights_problems
from app.shared.errors import AppError, Invalid


class NotReady(Invalid):
    """The pre-flight found errors; `problems` says which."""

    code = "not_ready"

    def __init__(self, problems: Sequence[Problem]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        super().__init__(
            "This design is not ready to be trained.",
            expected="no errors in the pre-flight",
            received=errors[0].message if errors else "",
            hint=(errors[0].hint if errors else "") or "Fix the listed problems; most have a button that does it.",
        )
        self.problems = problems

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "problems": [problem.model_dump(mode="json") for problem in self.problems]}


async def preflight(services: Services, principal: Principal, document: GraphDocument, key: str) -> Preflight:
    """Say whether `document`, the design `key`, can be trained on its data set.

    Real Keras judges shapes, loss and labels together, which may take long: no transaction is open meanwhile. What the
    design names to start from is looked up, and held against its layers.
    """
    name = document.training.dataset
    async with services.database.session() as session:
        known = await own_code.known_outcomes(session, key, document)
    if name is None:
        _, problems = await _analysed(services, AnalyzeRequest(document=document, known=known), key)
        return Preflight(ready=False, problems=[_no_dataset(), *problems], dataset=None)
    try:
        async with services.database.session() as session:
            dataset = await datasets.get_dataset(session, services, principal, name)
        demand = await asyncio.to_thread(read_demand, document, catalog_for(document))
        description = await datasets.describe(services, dataset, demand)
    except AppError as error:
        return Preflight(ready=False, problems=[_data_problem(error)], dataset=None)
    request = AnalyzeRequest(document=document, data=description, known=known, weights=True)
    analysis, found = await _analysed(services, request, key)
    problems = [*_egress_problems(services, document), *found]
    if analysis is not None:
        problems += await weights_problems(Origins(services, principal), document, analysis)
    return Preflight(ready=not _has_errors(problems), problems=problems, dataset=description)


def _egress_problems(services: Services, document: GraphDocument) -> Iterator[Problem]:
    """Yield a problem for every `RemoteMonitor` that would send to a host that is not on the server's list."""
    for key, callback in sorted(document.training.callbacks.items()):
        if callback.class_name != "RemoteMonitor":
            continue
        try:
            check_egress(callback.config, services.egress_hosts)
        except AppError as error:
            remove = RemoveValue(path=["training", "callbacks", key])
            yield Problem.of_error(error, param="callbacks", fix=Fix(title="Remove RemoteMonitor", edits=(remove,)))


async def _analysed(services: Services, request: AnalyzeRequest, key: str) -> tuple[Analysis | None, list[Problem]]:
    """Return what Keras says of the design, and the problems in it; without the former, why it says nothing."""
    answer = await services.analysis.ask(request, services.analysis_seconds, key=f"preflight:{key}")
    if isinstance(answer, Refusal):
        return None, [Problem(**answer.model_dump())]
    return answer, answer.problems


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _no_dataset() -> Problem:
    return Problem(
        code="no_dataset",
        param="training.dataset",
        message="No data set is chosen.",
        expected="a data set to train on",
        received="none",
        hint="Choose one in the Train tab; digits is a quick start.",
    )


def _data_problem(error: AppError) -> Problem:
    node = error.refusal.node if isinstance(error, Refused) else ""
    return Problem(
        code=error.as_dict()["code"],
        node=node,
        param="columns" if node else "training.dataset",
        message=error.message,
        expected=error.expected,
        received=error.received,
        hint=error.hint,
    )
