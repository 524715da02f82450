"""What every connection passes first: known host, own origin, safe headers. Sockets are doors too."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class SameOrigin:
    """Refuses an unknown `Host` (DNS rebinding), and unsafe methods and sockets from another origin.

    A browser always sends `Origin` with a WebSocket and with an unsafe method, so a request without it does not come
    from another site's page. A bare address such as `http://host` has the port of its scheme.
    """

    def __init__(self, app: ASGIApp, url: str) -> None:
        self.app = app
        public = urlsplit(url)
        self.hosts = {public.netloc.lower()}
        if public.hostname in {"127.0.0.1", "localhost", "::1"}:
            port = f":{public.port}" if public.port else ""
            self.hosts |= {f"{name}{port}" for name in LOOPBACK_NAMES}
        self.origins = {f"{public.scheme}://{host}" for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _with_safe_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": refusal})
        else:
            body = {
                "code": "wrong_origin",
                "message": refusal,
                "expected": ", ".join(sorted(self.origins)),
                "received": Headers(scope=scope).get("origin") or Headers(scope=scope).get("host", ""),
                "hint": "Open Layerloom at the address that it printed, or set LAYERLOOM_PUBLIC_URL.",
            }
            await JSONResponse(body, status_code=403)(scope, receive, send)

    def refusal(self, scope: Scope) -> str | None:
        """Return why the connection is refused; None when it may pass."""
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self.hosts:
            return "This server does not answer under that host name."
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self.origins:
            return "The request came from another site."
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return "The request came from another site."
        return None


def _with_safe_headers(send: Send) -> Send:
    async def safe_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", CONTENT_SECURITY_POLICY)
            headers.setdefault("x-content-type-options", "nosniff")
            headers.setdefault("referrer-policy", "no-referrer")
            headers.setdefault("cross-origin-opener-policy", "same-origin")
            headers.setdefault("cross-origin-resource-policy", "same-origin")
        await send(message)

    return safe_send
