"""Why a file is not offered."""

from typing import ClassVar

from app.shared.errors import Invalid


class NotReady(Invalid):
    """The design has errors."""

    code: ClassVar[str] = "not_ready"


class ExportFailed(Invalid):
    """The file could not be written, or what it holds is not what was drawn."""

    code: ClassVar[str] = "export_failed"


class NotInThisFormat(Invalid):
    """The format has no place for something that the design holds; said before anything is written."""

    code: ClassVar[str] = "not_in_this_format"


class ToolMissing(Invalid):
    """The format needs a program that is not installed where the server runs."""

    code: ClassVar[str] = "tool_missing"
