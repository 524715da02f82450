"""A file from a multipart form, read as it comes in: nothing of it is gathered in memory or in a temporary file."""

from collections.abc import AsyncIterator
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.shared.errors import Invalid, TooLarge

FILENAME_LENGTH: Final = 255

FORM_OVERHEAD: Final = 64 * 1024
"""Bytes that a multipart form may have around its file."""

NO_LIMIT: Final = 2**50
"""The limit of an upload is a setting, held while it is being stored."""

FILE_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


def refuse_size(request: Request, limit: int) -> None:
    """Raise `TooLarge` for an upload that says itself that it is over `limit` bytes, before it is received."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit + FORM_OVERHEAD:
        raise too_large(limit, received=f"{int(declared) / 2**20:.1f} MiB")


def too_large(limit: int, *, received: str = "more than that") -> TooLarge:
    """Return what is said of an upload over `limit` bytes."""
    return TooLarge(
        "This file is too large.",
        expected=f"at most {limit / 2**20:g} MiB",
        received=received,
        hint="Upload a smaller file, or raise LAYERLOOM_UPLOAD_LIMIT_BYTES.",
    )


def _no_form(received: str) -> Invalid:
    return Invalid(
        "The upload cannot be read.",
        expected="multipart/form-data with one field named file",
        received=received[:200],
        hint="Choose a file and upload it again.",
    )


class UploadedFile:
    """The field `file` of a multipart request. `filename` is known as soon as `content` has yielded once."""

    def __init__(self, request: Request) -> None:
        self.filename = ""
        self._request = request
        self._pieces: list[bytes] = []
        self._header = [b"", b""]
        self._in_file = False
        self._found = self._ended = False

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the file in pieces; raise `Invalid` when the request holds no file or is cut short."""
        parser = self._parser()
        try:
            async for received in self._request.stream():
                parser.write(received)
                while self._pieces:
                    yield self._pieces.pop(0)
        except FormParserError as error:
            raise _no_form(str(error)) from error
        if not self._found:
            raise _no_form("a form without it")
        if not self._ended:
            raise _no_form("a form that is cut short")

    def _parser(self) -> MultipartParser:
        kind, options = parse_options_header(self._request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _no_form(kind.decode("latin-1") or "a request without content type")
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_part_data": self._on_part_data,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _no_form(str(error)) from error

    def _on_part_begin(self) -> None:
        self._in_file = False

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _on_header_end(self) -> None:
        field, value = self._header
        self._header = [b"", b""]
        if field.lower() != b"content-disposition":
            return
        _, options = parse_options_header(value)
        if options.get(b"name") == b"file" and not self._found:
            self._in_file = self._found = True
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")[-FILENAME_LENGTH:]

    def _on_end(self) -> None:
        self._ended = True

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])
