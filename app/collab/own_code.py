"""A design's own code executed in the sandbox, so that everybody sees its shapes. No other analysis executes it."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.policy import PolicyFirst
from app.accounts.principal import Role
from app.catalog.model import ObjectSpec
from app.catalog.own import SourceFault, own_specs, source_faults
from app.collab.hub import hub_of
from app.designs import own_code
from app.designs.access import DesignAccess, DesignPolicy
from app.designs.files import refuse
from app.designs.schemas import CodePiece, Diagnostics
from app.designs.service import read_live_document
from app.document.digest import digest
from app.document.model import MAX_CODE, Code, GraphDocument, Identifier
from app.document.own_code import code_digest
from app.infra.services import Connected, Services, Transaction
from app.messages.analysis import AnalyzeRequest, Refusal

router = APIRouter(prefix="/api", tags=["own code"], route_class=PolicyFirst)

Viewer = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER))]
Runner = Annotated[DesignAccess, Depends(DesignPolicy(Role.EDITOR, code=True))]

RUN_SECONDS: Final = 60.0
"""How long the own code of a design may take to be defined and called once at each node."""


@router.get("/designs/{design_id}/own-code")
async def list_own_code(access: Viewer, services: Connected, transaction: Transaction) -> list[CodePiece]:
    """List the pieces of the design's own code with their hashes and who wrote them; nothing is executed."""
    document = await read_live_document(services.rooms, access.design_id)
    return await own_code.describe(transaction, access.design_id, document)


class WrittenCode(BaseModel):
    """The pieces of a design's own code by their id, as they are being written."""

    model_config = ConfigDict(extra="forbid")

    code: dict[Identifier, Code] = Field(max_length=MAX_CODE)


class ReadCode(BaseModel):
    """What reading pieces of code tells: what they add to the catalog or change in it, and their faults by their id."""

    specs: list[ObjectSpec]
    faults: dict[Identifier, list[SourceFault]]


@router.post("/designs/{design_id}/own-code/read")
async def read_own_code(body: WrittenCode, access: Viewer) -> ReadCode:
    """Read pieces of code by their syntax tree: nothing is executed, and nothing is stored."""
    return await asyncio.to_thread(_read, GraphDocument(code=body.code))


def _read(document: GraphDocument) -> ReadCode:
    return ReadCode(specs=own_specs(document), faults=source_faults(document))


@router.post("/designs/{design_id}/own-code/run")
async def run_own_code(access: Runner, services: Connected) -> Diagnostics:
    """Execute the design's own code in the sandbox on symbolic inputs, and tell everybody the shapes that it gives.

    They are kept: whoever looks at the design later sees them without anything being executed.
    """
    return await run(services, access.design_id)


async def run(services: Services, design_id: str) -> Diagnostics:
    """Analyse the design in the sandbox, keep what its own code gave, and publish it at the design's desk."""
    document = await read_live_document(services.rooms, design_id)
    answer = await services.sandbox.ask(
        AnalyzeRequest(document=document), key=f"{design_id}:{code_digest(document)}", timeout=RUN_SECONDS
    )
    if isinstance(answer, Refusal):
        refuse(answer)
    async with services.database.session() as session:
        await own_code.keep_outcomes(session, design_id, answer.learned)
    analysis = answer.model_copy(update={"learned": {}})
    diagnostics = Diagnostics(digest=digest(document), analysis=analysis, analyzing=False)
    with hub_of(services).at_desk(design_id) as desk:
        desk.tell(document, diagnostics)
    return diagnostics
