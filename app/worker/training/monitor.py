"""`RemoteMonitor` within what the server lets out: hosts on its list, no redirects, no proxies, a time limit."""

import contextlib
import http.client
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import keras

from app.messages.egress import check_egress
from app.worker.training.logs import numbers_of

SECONDS: Final = 5.0
"""How long one post may hold up the end of an epoch."""


class Monitor(keras.callbacks.RemoteMonitor):
    """Posts what Keras' own does, to an allowed host only; a host that does not answer costs a line of the log."""

    def __init__(self, *, egress_hosts: Sequence[str], **config: Any) -> None:
        super().__init__(**config)
        self._address = check_egress(config, egress_hosts)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        content = json.dumps({"epoch": epoch, **numbers_of(logs or {})})
        sort = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        body = content if self.send_as_json else urlencode({self.field: content})
        try:
            self._post(body.encode(), {**(self.headers or {}), "Content-Type": sort})
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"RemoteMonitor could not reach {self._address.hostname}: {error}", file=sys.stderr)

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        sort = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        assert self._address.hostname is not None
        with contextlib.closing(sort(self._address.hostname, self._address.port, timeout=SECONDS)) as connection:
            target = self._address._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request("POST", target, body, headers)
            connection.getresponse()
