"""Apache is reloaded while something long is on its way."""

from __future__ import annotations

import hashlib
import os
import select
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPSConnection

from sandbox import waiting
from sandbox.state import CHECKOUT
from tests.faults import namespaces
from tests.faults.case import Case, applied
from tests.faults.clients import Target
from tests.faults.fleet import EXTRA, FIRST, Change, Fleet, directives, site, with_site
from tests.faults.rig import Applied, Rig
from tests.faults.websocket import WebSocket

_PATIENCE = 60


def ways(rig: Rig) -> list[Target]:
    """Return ways to the first site: through its balancer, and straight at its port."""
    return [each for each in rig.targets({FIRST: None}) if not each.kept]


def connected(target: Target) -> HTTPSConnection:
    """Connect from where the target's clients are; for a thread of its own."""
    if target.namespace:
        namespaces.enter(target.namespace)
    connection = HTTPSConnection(
        target.find(), target.port, context=target.context, timeout=_PATIENCE
    )
    connection.connect()
    return connection


# --- a large download ---------------------------------------------------------------------------

_SIZE = 64 * 2**20
"""Bytes: far more than all buffers between Apache and the client hold."""
_SIP = 2**15
_PAUSE = 0.1
"""Seconds between two sips: it takes minutes, unless hurried."""


@dataclass(slots=True)
class Download:
    """Of a file from the first site, slowly until `hurry` is set."""

    target: Target
    path: str
    begun: threading.Event
    hurry: threading.Event

    def sum(self) -> str:
        """Return the SHA-256 of what came."""
        connection = connected(self.target)
        connection.request("GET", self.path, headers={"Host": FIRST})
        response = connection.getresponse()
        digest = hashlib.sha256()
        while piece := response.read(_SIZE if self.hurry.is_set() else _SIP):
            digest.update(piece)
            self.begun.set()
            self.hurry.wait(_PAUSE)
        connection.close()
        return digest.hexdigest()


@contextmanager
def downloading(rig: Rig) -> Iterator[None]:
    """Have a file on its way that arrives whole, from before the change until after it."""
    file = rig.machine.disk / f"var/www/{FIRST}/large.bin"
    content = os.urandom(_SIZE)
    file.write_bytes(content)
    hurry = threading.Event()
    downloads = [Download(way, f"/{file.name}", threading.Event(), hurry) for way in ways(rig)]
    with ThreadPoolExecutor(len(downloads)) as pool:
        try:
            sums: list[Future[str]] = [pool.submit(each.sum) for each in downloads]
            assert all(each.begun.wait(_PATIENCE) for each in downloads)
            yield
            assert not any(each.done() for each in sums), "a download ended before the reload"
        finally:
            hurry.set()
        found = {each.result() for each in sums}
    file.unlink()
    assert found == {hashlib.sha256(content).hexdigest()}, "a download is not what was sent"
    rig.notes.append(f"{len(downloads)} downloads whole")


# --- a WebSocket --------------------------------------------------------------------------------

_PORT = 9001
_PROXY = f'ProxyPass "/echo" "http://127.0.0.1:{_PORT}/" upgrade=websocket'
_MODULES = ("proxy", "proxy_http")


def proxying(text: str) -> Change:
    """Have the first site, whose balancer knows WebSockets, pass them on, with more directives."""

    def change(fleet: Fleet) -> Fleet:
        extra = with_site(FIRST, *site(1, f"extra_config: {EXTRA}", kind="application"))
        return directives(f"{_PROXY}\n{text}")(extra(fleet))

    return change


def not_proxying(fleet: Fleet) -> Fleet:
    return directives("# nothing")(with_site(FIRST, *site(1, kind="application"))(fleet))


@contextmanager
def echo_server(rig: Rig) -> Iterator[None]:
    """Have what the first site is a proxy of, and Debian's modules for it enabled."""
    folder = rig.machine.disk / "etc/apache2/mods-enabled"
    enabled = [folder / f"{name}.load" for name in _MODULES]
    for link in enabled:
        link.symlink_to(f"../mods-available/{link.name}")
    process = subprocess.Popen(
        [
            *("nsenter", f"--net={rig.machine.namespace}", "--", sys.executable),
            *("-m", "tests.faults.websocket", str(_PORT)),
        ],
        cwd=CHECKOUT,
    )
    try:
        rig.machine.shell(f"until ss -Hltn | grep -q :{_PORT}; do sleep 0.1; done")
        yield
    finally:
        process.kill()
        process.wait()
        for link in enabled:
            link.unlink()


def talking(rig: Rig) -> Applied:
    """Reload while WebSockets are open: the processes that have them go on until they end."""
    first = rig.apply()
    assert first.status == 0, first.output[-2000:]
    over = threading.Event()
    before = children(rig)
    with ThreadPoolExecutor() as pool:
        begun = [threading.Event() for _ in ways(rig)]
        talks = [
            pool.submit(_talk, way, each, over) for way, each in zip(ways(rig), begun, strict=True)
        ]
        try:
            for talk, each in zip(talks, begun, strict=True):
                assert each.wait(_PATIENCE) or talk.result()
            rig.write(proxying("# again")(rig.fleet))
            done = rig.apply()
            rig.machine.rest()
            held = len(before & children(rig))
        finally:
            over.set()
        counts = [each.result() for each in talks]
    assert held, "no process of before the reload is there"
    waiting.until(
        "the end of the processes of before", lambda: not before & children(rig), seconds=_PATIENCE
    )
    rig.notes.append(f"{len(counts)} WebSockets unbroken, {held} old processes until their end")
    return done


def _talk(way: Target, begun: threading.Event, over: threading.Event) -> int:
    """Talk until told; return how many messages came back, which all did."""
    connection = connected(way)
    talk = WebSocket(connection.sock, FIRST, "/echo")
    count = 0
    while not over.wait(0.2):
        count += 1
        assert talk.echoes(f"message {count}".encode()), f"message {count} did not come back"
        begun.set()
    talk.close()
    return count


def children(rig: Rig) -> set[int]:
    """Return Apache's processes but for the first."""
    found = {pid for pid, words in rig.machine.processes().items() if "/apache2 " in f"{words} "}
    return found - {rig.machine.apache() or 0}


# --- connections that are idle ------------------------------------------------------------------

_IDLE = 40
"""Connections a way."""


@contextmanager
def idling(rig: Rig) -> Iterator[None]:
    """Have kept-alive connections idle: after the change each answers, or was closed before."""
    over = threading.Event()
    with ThreadPoolExecutor() as pool:
        begun = [threading.Event() for _ in ways(rig)]
        counts = [
            pool.submit(_idle, way, each, over) for way, each in zip(ways(rig), begun, strict=True)
        ]
        try:
            for count, each in zip(counts, begun, strict=True):
                assert each.wait(_PATIENCE) or count.result()
            yield
        finally:
            over.set()
        for way, count in zip(ways(rig), counts, strict=True):
            where = "at the port" if way.namespace else "through the balancer"
            closed = count.result()
            assert way.namespace or not closed, f"{closed} closed {where}"
            rig.notes.append(f"{closed} of {_IDLE} closed {where}")


def _idle(way: Target, begun: threading.Event, over: threading.Event) -> int:
    """Return how many were closed; each of the others answers, and so does one in its place."""
    held = [connected(way) for _ in range(_IDLE)]
    for each in held:
        _ask(each)
    begun.set()
    over.wait()
    closed = 0
    for each in held:
        if select.select([each.sock], [], [], 0)[0]:
            with suppress(ConnectionResetError, ssl.SSLEOFError):
                assert each.sock.recv(1) == b"", "an answer that nobody has asked for"
            closed += 1
            each.close()
        # http.client connects anew what was closed.
        _ask(each)
        each.close()
    return closed


def _ask(connection: HTTPSConnection) -> None:
    connection.request("GET", "/", headers={"Host": FIRST})
    response = connection.getresponse()
    assert response.status == 200
    assert FIRST in response.read().decode()


CASES = (
    Case("load-large-download", applied(), downloading),
    Case("load-websocket", applied(), echo_server, proxying(""), not_proxying, talking),
    Case("load-idle-connections", applied(), idling),
)
