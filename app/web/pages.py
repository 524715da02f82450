"""The few pages that the server renders: the shell of the application and what went wrong outside it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

from app.accounts.policy import PUBLIC, PolicyFirst

FRONTEND = Path(__file__).resolve().parents[2] / "frontend" / "dist"

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
router = APIRouter(include_in_schema=False, dependencies=[PUBLIC], route_class=PolicyFirst)


@lru_cache(maxsize=1)
def _read_entry(modified_ns: int) -> dict[str, Any]:
    manifest: dict[str, dict[str, Any]] = json.loads((FRONTEND / "manifest.json").read_text())
    entry = next(chunk for chunk in manifest.values() if chunk.get("isEntry"))
    return {"script": entry["file"], "styles": entry.get("css", [])}


def _entry() -> dict[str, Any]:
    """Return the built front end's entry script and styles; empty when it was not built."""
    try:
        return _read_entry((FRONTEND / "manifest.json").stat().st_mtime_ns)
    except FileNotFoundError:
        return {"script": "", "styles": []}


def error_page(request: Request, status: int, message: str, hint: str) -> Response:
    context = {"status": status, "message": message, "hint": hint}
    return templates.TemplateResponse(request, "error.html", context, status_code=status)


@router.get("/")
@router.get("/designs")
@router.get("/designs/{path:path}")
@router.get("/gallery")
@router.get("/datasets")
@router.get("/datasets/{path:path}")
async def shell(request: Request) -> Response:
    """The page in which the front end runs; it holds no data."""
    response = templates.TemplateResponse(request, "app.html", _entry())
    response.headers["cache-control"] = "no-store"
    return response
