"""Python that was edited beside the canvas, as edits of the design that it came from. Nothing is executed."""

from app.catalog.own import catalog_for
from app.document.edits import edits_between
from app.graph.merge import merge_design
from app.messages.analysis import AppliedCode, ApplyCodeRequest
from app.worker.imports.python.source import read_python


def apply_code(request: ApplyCodeRequest) -> AppliedCode:
    """Return the edits by which `request.document` becomes what `request.source` says, to be applied as one step.

    What was shown before the edit is read too: only what differs from it is an edit, and whatever a script does
    not say stays. Raises `NotPython` with the line for Python that is no design.
    """
    document = request.document
    catalog = catalog_for(document)
    before = read_python(request.shown, catalog)
    found = read_python(request.source, catalog)
    if found.document == before.document:
        return AppliedCode(edits=[], layers=found.layers)
    merged = merge_design(document, found.document, before.document)
    edits = edits_between(document.model_dump(mode="json"), merged.model_dump(mode="json"))
    return AppliedCode(edits=edits, layers=found.layers)
