"""The designs, their versions, files and shares."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask

from app.accounts.policy import AnySession, CurrentPrincipal, Member, PolicyFirst
from app.accounts.principal import Principal, Role
from app.accounts.routes import set_session_cookie
from app.accounts.schemas import Person
from app.catalog.model import Catalog
from app.designs import catalog_file, code, files, repository, service, sharing
from app.designs.access import DesignAccess, DesignPolicy, MemberWhoMayRunCode
from app.designs.schemas import (
    CodeView,
    Deleted,
    DesignDetail,
    DesignSummary,
    EditedCode,
    Imported,
    NewDesign,
    NewLink,
    NewVersion,
    Rename,
    Shares,
    ShareWithPerson,
    TemplateView,
    VersionView,
)
from app.designs.templates import get_template, list_template_views
from app.designs.waiting import while_wanted
from app.document.model import GraphDocument
from app.document.read import read_document
from app.infra.multipart import FILE_FORM, FORM_OVERHEAD, UploadedFile
from app.infra.services import Connected, Transaction
from app.messages.analysis import MAX_SCRIPT, AppliedCode
from app.shared.clock import now
from app.shared.errors import Forbidden

router = APIRouter(prefix="/api", tags=["designs"], route_class=PolicyFirst)
entrance = APIRouter(route_class=PolicyFirst)
"""The door for those who come by a share link."""

Maker = Annotated[Principal, Depends(Member(Role.EDITOR))]
CodeRunner = Annotated[Principal, Depends(MemberWhoMayRunCode())]
Viewer = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER))]
Copier = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER, maker=True))]
Editor = Annotated[DesignAccess, Depends(DesignPolicy(Role.EDITOR))]
Owner = Annotated[DesignAccess, Depends(DesignPolicy(Role.OWNER))]
OwnerOfDeleted = Annotated[DesignAccess, Depends(DesignPolicy(Role.OWNER, deleted=True))]
Id = Annotated[str, Path(max_length=64)]


@entrance.get("/share/{token}", include_in_schema=False)
async def open_share_link(
    token: str,
    principal: Annotated[Principal | None, Depends(AnySession())],
    services: Connected,
    transaction: Transaction,
) -> RedirectResponse:
    """Open a shared design. A signed-in user who may see it anyway keeps their own session."""
    design_id, session_token = await sharing.open_link(transaction, principal, token)
    response = RedirectResponse(f"/designs/{design_id}", status_code=303)
    if session_token is not None:
        set_session_cookie(response, services, session_token)
    return response


@router.get("/designs")
async def list_designs(principal: CurrentPrincipal, transaction: Transaction) -> list[DesignSummary]:
    """List the designs that one may see, last changed first."""
    return await service.list_summaries(transaction, principal)


@router.post("/designs", status_code=201)
async def create_design(
    body: NewDesign, principal: Maker, services: Connected, transaction: Transaction
) -> DesignDetail:
    """Make a design: empty, from a template or from a document. `name` wins over the name that those bring."""
    document = get_template(body.template).document if body.template else body.document or GraphDocument()
    if body.name is not None:
        document = document.model_copy(update={"meta": document.meta.model_copy(update={"name": body.name})})
    return await service.create_design(transaction, services.rooms, principal, document)


@router.post(
    "/designs/import", status_code=201, openapi_extra=FILE_FORM, max_body_size=files.IMPORT_LIMIT + FORM_OVERHEAD
)
async def import_design(request: Request, principal: Maker, services: Connected, transaction: Transaction) -> Imported:
    """Make a design of a model file (`.keras`, `.h5`, JSON), a script or a design file; nothing in it is executed.

    The file is the field `file` of a multipart form.
    """
    model = await files.import_model(services, await files.receive(services, UploadedFile(request)))
    design = await service.create_design(transaction, services.rooms, principal, model.document)
    return Imported(design=design, layers=model.layers, notes=model.notes)


@router.post("/designs/import/run", status_code=201, openapi_extra=FILE_FORM, max_body_size=2 * MAX_SCRIPT)
async def import_by_running(
    request: Request, principal: CodeRunner, services: Connected, transaction: Transaction
) -> Imported:
    """Make a design of the model that a Python script leaves, by executing the script in the sandbox.

    For who may run code. Of several models it is the one that is compiled last, else the last one.
    """
    model = await files.import_by_running(services, UploadedFile(request))
    design = await service.create_design(transaction, services.rooms, principal, model.document)
    return Imported(design=design, layers=model.layers, notes=model.notes)


@router.get("/templates")
async def list_templates(principal: CurrentPrincipal) -> list[TemplateView]:
    """List the designs to start from."""
    return list_template_views()


@router.get("/catalog", response_model=Catalog)
async def read_catalog(request: Request, principal: CurrentPrincipal) -> Response:
    """Return everything that Keras offers; browsers keep it until it changes."""
    content = catalog_file.read()
    headers = {"etag": content.etag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
    if content.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            content.compressed, media_type="application/json", headers={**headers, "content-encoding": "gzip"}
        )
    return Response(content.plain, media_type="application/json", headers=headers)


@router.get("/designs/{design_id}")
async def read_design(access: Viewer, transaction: Transaction) -> DesignDetail:
    return await service.read_detail(transaction, access.principal, access.design_id, access.role)


@router.patch("/designs/{design_id}")
async def rename_design(body: Rename, access: Editor, services: Connected, transaction: Transaction) -> DesignDetail:
    """Rename a design; whoever has it open sees the new name."""
    await service.rename(transaction, services.rooms, access.principal, access.design_id, body.name)
    return await service.read_detail(transaction, access.principal, access.design_id, access.role)


@router.delete("/designs/{design_id}")
async def delete_design(access: Owner, transaction: Transaction) -> Deleted:
    """Put a design away; it can be brought back."""
    await repository.set_deleted(transaction, access.principal, access.design_id, now())
    return Deleted()


@router.post("/designs/{design_id}/undelete")
async def undelete_design(access: OwnerOfDeleted, transaction: Transaction) -> DesignDetail:
    await repository.set_deleted(transaction, access.principal, access.design_id, None)
    return await service.read_detail(transaction, access.principal, access.design_id, access.role)


@router.post("/designs/{design_id}/duplicate", status_code=201)
async def duplicate_design(access: Copier, services: Connected, transaction: Transaction) -> DesignDetail:
    """Copy a design as it is now; the copy is one's own."""
    return await service.duplicate(transaction, services.rooms, access.principal, access.design_id)


@router.get("/designs/{design_id}/document")
async def read_design_document(access: Viewer, services: Connected) -> GraphDocument:
    """Return the design as it is now, with every acknowledged edit."""
    return await service.read_live_document(services.rooms, access.design_id)


@router.get("/designs/{design_id}/versions")
async def list_versions(access: Viewer, transaction: Transaction) -> list[VersionView]:
    return await service.list_version_views(transaction, access.principal, access.design_id)


@router.post("/designs/{design_id}/versions", status_code=201)
async def create_version(
    body: NewVersion, access: Editor, services: Connected, transaction: Transaction
) -> VersionView:
    """Keep the design as it is now under a name."""
    version = await service.freeze_version(
        transaction, services.rooms, access.principal, access.design_id, name=body.name
    )
    return service.version_view(version, _me(access))


@router.get("/designs/{design_id}/versions/{version_id}/document")
async def read_version_document(version_id: Id, access: Viewer, transaction: Transaction) -> GraphDocument:
    version = await service.get_version(transaction, access.principal, access.design_id, version_id)
    return read_document(version.document)


@router.post("/designs/{design_id}/versions/{version_id}/restore", status_code=201)
async def restore_version(version_id: Id, access: Editor, services: Connected, transaction: Transaction) -> VersionView:
    """Make the design what it was in a version, as a new version; open editors reload."""
    version = await service.restore_version(transaction, services.rooms, access.principal, access.design_id, version_id)
    return service.version_view(version, _me(access))


@router.get("/designs/{design_id}/export", response_class=FileResponse)
async def export_design(
    request: Request,
    access: Viewer,
    services: Connected,
    export_format: Annotated[files.DesignFormat, Query(alias="format")],
    run: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] = None,
    bundle: bool = False,
) -> Response:
    """Download the design as a file that was read back and compared before it is offered.

    `bundle` brings a zip of the file and of what was compared; `run` brings the weights of that run.
    """
    if run is not None and export_format != "design":
        query = urlencode({"format": export_format, "bundle": str(bundle).lower()})
        return RedirectResponse(f"/api/runs/{run}/export?{query}", status_code=307)
    if access.principal.user_id is None and export_format != "design":
        raise Forbidden(
            "The holder of a share link may download the design file only.",
            expected="format=design, or a signed-in person",
            received=f"format={export_format}",
        )
    document = await service.read_live_document(services.rooms, access.design_id)

    async def answer() -> Response:
        return attachment(
            await files.export_model(services, document, export_format, bundle=bundle, principal=access.principal)
        )

    return await while_wanted(request, answer())


def attachment(download: files.Download) -> Response:
    """Send a temporary file and remove it."""
    return FileResponse(
        download.path,
        filename=download.filename,
        media_type=download.media_type,
        background=BackgroundTask(download.path.unlink, missing_ok=True),
    )


@router.post("/designs/{design_id}/code")
async def read_design_code(access: Viewer, services: Connected) -> CodeView:
    """Return the design as it is now as Python; nothing is executed."""
    document = await service.read_live_document(services.rooms, access.design_id)
    return await code.read_code(services, access.principal, document)


@router.post("/designs/{design_id}/code/apply")
async def apply_design_code(body: EditedCode, access: Editor, services: Connected) -> AppliedCode:
    """Return the edits by which the design becomes what the Python says, to be applied as one step.

    The source is parsed and never executed; what it does not name keeps its id, its place and its note.
    """
    document = await service.read_live_document(services.rooms, access.design_id)
    return await code.apply_code(services, access.principal, document, body.source, body.revision)


@router.get("/designs/{design_id}/shares")
async def read_shares(access: Editor, transaction: Transaction) -> Shares:
    return await sharing.read_shares(transaction, access.principal, access.design_id)


@router.put("/designs/{design_id}/shares/people/{user_id}")
async def share_with_person(user_id: Id, body: ShareWithPerson, access: Owner, transaction: Transaction) -> Shares:
    """Share the design with a member of the workspace, or change their role on it."""
    await sharing.share_with_person(transaction, access.principal, access.design_id, user_id, Role.of(body.role))
    return await sharing.read_shares(transaction, access.principal, access.design_id)


@router.delete("/designs/{design_id}/shares/people/{user_id}")
async def unshare_with_person(user_id: Id, access: Owner, transaction: Transaction) -> Shares:
    await sharing.unshare_with_person(transaction, access.principal, access.design_id, user_id)
    return await sharing.read_shares(transaction, access.principal, access.design_id)


@router.post("/designs/{design_id}/shares/links", status_code=201)
async def create_share_link(access: Owner, services: Connected, transaction: Transaction) -> NewLink:
    """Make a link for viewing only; its address is shown this once."""
    return await sharing.create_link(transaction, access.principal, access.design_id, services.url)


@router.delete("/designs/{design_id}/shares/links/{link_id}")
async def revoke_share_link(link_id: Id, access: Owner, transaction: Transaction) -> Shares:
    await sharing.revoke_link(transaction, access.principal, access.design_id, link_id)
    return await sharing.read_shares(transaction, access.principal, access.design_id)


def _me(access: DesignAccess) -> Person:
    return Person(id=access.user_id, name=access.principal.user_name)
