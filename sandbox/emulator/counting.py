"""Counts the calls to AWS that change something, so that who follows AWS knows when to look."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = ("Describe", "Get", "List")


class Counting:
    """A WSGI application around AWS's."""

    def __init__(self, aws: WSGIApplication) -> None:
        self.count = 0
        self._aws = aws
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        reads = _reads(environ)
        answer = self._aws(environ, start)
        if not reads:
            with self._lock:
                self.count += 1
        return answer


def _reads(environ: WSGIEnvironment) -> bool:
    """Whether a call changes nothing, by the name of its action or by its method."""
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        return True
    action = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
    if not action and "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    return action.startswith(_READS)
