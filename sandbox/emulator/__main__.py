"""The emulator's process: serves moto, and two calls of our own, until killed.

It is the first process of the sandbox's PID namespace, so it buries orphans too.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.acm.models import acm_backends
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox import authority
from sandbox.addresses import EMULATOR_PORT
from sandbox.emulator import ACCOUNT, CERTIFICATES_CALL, CHANGES_CALL, SEED_CALL, gaps
from sandbox.emulator.counting import Counting
from sandbox.emulator.planting import Ground, plant
from sandbox.emulator.seed import Seed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    address, region, folder = arguments
    # The kernel buries the children of a process that ignores them: here, all orphans.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    issuer = authority.load(Path(folder) / "authority")
    gaps.fill(issuer)
    application = _with_own_calls(
        DomainDispatcherApplication(create_backend_app),
        region,
        issuer,
        Path(folder) / "certificates",
    )
    server = make_server(
        address, EMULATOR_PORT, application, threaded=True, request_handler=MotoRequestHandler
    )
    server.serve_forever()


def _with_own_calls(
    aws: WSGIApplication, region: str, issuer: authority.Authority, folder: Path
) -> WSGIApplication:
    ground = Ground(ACCOUNT, region)
    counting = Counting(aws)
    one_at_a_time = threading.Lock()

    def seed(content: dict[str, Any]) -> dict[str, str]:
        plant(Seed.of(content), ground, issuer)
        return {}

    def changes(_: dict[str, Any]) -> dict[str, str]:
        return {"count": str(counting.count)}

    def certificates(_: dict[str, Any]) -> dict[str, str]:
        return {arn: str(_write(folder, arn, pem)) for arn, pem in _held(ground)}

    calls: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
        SEED_CALL: seed,
        CHANGES_CALL: changes,
        CERTIFICATES_CALL: certificates,
    }

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        call = calls.get(environ["PATH_INFO"])
        if call is None:
            return counting(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with one_at_a_time:
            answer = json.dumps(call(json.loads(body))).encode()
        start("200 OK", [("Content-Type", "application/json")])
        return [answer]

    return application


def _held(ground: Ground) -> Iterable[tuple[str, bytes]]:
    for bundle in acm_backends[ground.account][ground.region].list_certificates(["ISSUED"], {}):
        yield bundle.arn, _joined(bundle.cert, gaps.chain_of(bundle), bundle.key)
    for held in iam_backends[ground.account][ground.partition].certificates.values():
        parts = (held.cert_body, held.cert_chain or "", held.private_key)
        yield held.arn, _joined(*(part.encode() for part in parts))


def _joined(*parts: bytes) -> bytes:
    return b"".join(part.rstrip() + b"\n" for part in parts if part.strip())


def _write(folder: Path, arn: str, pem: bytes) -> Path:
    # Another certificate is another file, so that HAProxy's configuration tells them apart.
    path = folder / f"{hashlib.sha256(arn.encode() + pem).hexdigest()[:24]}.pem"
    if not path.exists():
        authority.write_secret(path, pem)
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
