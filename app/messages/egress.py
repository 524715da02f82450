"""What a run may send out of the server: nothing, but to the hosts that whoever runs the server has listed."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.shared.errors import Invalid


class EgressRefused(Invalid):
    """The server does not let a run send anything to this host."""

    code = "egress_refused"


def check_egress(config: Mapping[str, Any], hosts: Sequence[str]) -> SplitResult:
    """Return the address that a `RemoteMonitor` of this `config` posts to; raise `EgressRefused` when none is allowed.

    An entry of `hosts` is a host, which allows every port of it, or `host:port`.
    """
    address = f"{config.get('root', 'http://localhost:9000')}{config.get('path', '/publish/epoch/end/')}"
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        plain = parts.scheme in ("http", "https") and parts.username is None and parts.password is None
        if plain and parts.hostname and {parts.hostname, f"{parts.hostname}:{port}"} & {*map(str.lower, hosts)}:
            return parts
    raise EgressRefused(
        "RemoteMonitor may not send anything to this address.",
        expected=f"http or https to {', '.join(hosts)}" if hosts else "no address: this server lets no run reach out",
        received=address[:200],
        hint="Remove RemoteMonitor, or ask who runs this server to add the host to LAYERLOOM_EGRESS_HOSTS.",
    )
