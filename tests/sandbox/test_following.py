from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox import SandboxError, addresses, waiting
from sandbox.emulator import Emulator
from sandbox.following import following

pytestmark = pytest.mark.sandbox


class Aws:
    """Tells how much has changed, at the emulator's port."""

    def __init__(self) -> None:
        self.changes = 0


@pytest.fixture
def aws() -> Iterator[tuple[Aws, Emulator]]:
    aws, address = Aws(), addresses.control(addresses.free_network("test-following"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"count": str(aws.changes)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, addresses.EMULATOR_PORT), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield aws, Emulator(address)
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_change_is_followed_and_no_more(aws: tuple[Aws, Emulator]) -> None:
    held, emulator = aws
    seen: list[int] = []
    with following(emulator, lambda: seen.append(held.changes)):
        for count in (1, 2):
            with quiet():
                held.changes = count
                waiting.until("a look", lambda count=count: count in seen)  # type: ignore[misc]
    assert seen == [1, 2]


def test_what_is_half_made_is_tried_again(aws: tuple[Aws, Emulator]) -> None:
    held, emulator = aws
    tries: list[int] = []

    def refresh() -> None:
        tries.append(held.changes)
        if len(tries) < 3:
            raise SandboxError("a listener without a certificate")

    with following(emulator, refresh):
        held.changes = 1
        waiting.until("three looks", lambda: len(tries) == 3)
    assert tries == [1, 1, 1]


def test_what_is_no_trouble_of_the_sandbox_is_told(aws: tuple[Aws, Emulator]) -> None:
    held, emulator = aws
    tries: list[int] = []

    def refresh() -> None:
        tries.append(held.changes)
        raise KeyError("subnet")

    with pytest.raises(KeyError, match="subnet"), following(emulator, refresh):  # noqa: PT012
        held.changes = 1
        waiting.until("a look", lambda: bool(tries))


@contextmanager
def quiet() -> Iterator[None]:
    """Leave time for a look that should not be."""
    yield
    threading.Event().wait(0.7)
