"""A design as Python beside its canvas: written from the document, and read back into edits of it."""

import asyncio
import hashlib
from typing import Final

from app.accounts.principal import Principal
from app.catalog.own import catalog_for
from app.codegen.python_source import Script, render_script
from app.designs.data import TrainingData, find_data
from app.designs.files import refuse
from app.designs.schemas import CodeLines, CodeView
from app.document.model import GraphDocument
from app.graph.check import survey
from app.graph.plan import plan_of
from app.infra.services import Services
from app.messages.analysis import AppliedCode, ApplyCodeRequest, Refusal
from app.shared.errors import Conflict, Invalid

APPLY_SECONDS: Final = 15.0


class NotReady(Invalid):
    """The design cannot be written as Python before a problem of it is solved; `received` names the node."""

    code = "not_ready"


class CodeOutdated(Conflict):
    """The design says something else than the code that was edited."""

    code = "code_outdated"


async def read_code(services: Services, principal: Principal, document: GraphDocument) -> CodeView:
    """Return `document` as Python; raise `NotReady` where an error keeps it from being planned. Nothing is executed."""
    data = await find_data(services, principal, document)
    return _view(await asyncio.to_thread(_rendered, document, data))


async def apply_code(
    services: Services, principal: Principal, document: GraphDocument, source: str, revision: str
) -> AppliedCode:
    """Return the edits by which `document` becomes what `source` says; it is parsed and never executed.

    `revision` is that of the code which was edited: raise `CodeOutdated` when the design has changed since, and
    `Invalid` for Python that is no design, with the line in `received`.
    """
    present = await read_code(services, principal, document)
    if present.revision != revision:
        raise CodeOutdated(
            "The design was changed after this code was shown.",
            expected="code of the design as it is now",
            received="code of an earlier state",
            hint="Copy what you wrote, show the code anew, and make the change there.",
        )
    request = ApplyCodeRequest(document=document, shown=present.source, source=source)
    answer = await services.analysis.ask(request, timeout=APPLY_SECONDS)
    if isinstance(answer, Refusal):
        refuse(answer)
    return answer


def _rendered(document: GraphDocument, data: TrainingData | None) -> Script:
    catalog = catalog_for(document)
    found = survey(document, catalog)
    first = next((problem for problem in found.problems if problem.severity == "error"), None)
    if first is not None:
        raise NotReady(first.message, expected=first.expected, received=first.received, hint=first.hint)
    if data is None:
        return render_script(plan_of(found), document)
    return render_script(plan_of(found), document, data.source, targets=data.targets)


def _view(script: Script) -> CodeView:
    return CodeView(
        source=script.source,
        revision=hashlib.sha256(script.source.encode()).hexdigest(),
        nodes={node: CodeLines(first=first, last=last) for node, (first, last) in script.nodes.items()},
    )
