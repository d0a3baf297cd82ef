"""Clients that fetch sites all the while: over new connections, and over kept-alive ones.

A kept-alive connection that the other end has closed while nothing was on its way is counted apart,
and its request is sent again over a new one, as browsers and balancers do (RFC 9112, 9.3.1). A
request that gets an error, a cut answer or another site's page has failed.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, RemoteDisconnected
from pathlib import Path

import dns.resolver
from dns.exception import DNSException

from modules.verify.handshakes import handshake, shown
from tests.faults import namespaces

_PATIENCE = 30
"""Seconds for a request: more than a new connection waits in a reload of any size."""

_GONE = (RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)
"""What a request meets on a connection that was closed before it."""


class Lookup:
    """Looks a name's address up: anew each time, or as a client that remembers it for its TTL."""

    def __init__(self, name: str, nameserver: tuple[str, int], *, remembers: bool) -> None:
        self._name = name
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers, self._resolver.port = [nameserver[0]], nameserver[1]
        if remembers:
            self._resolver.cache = dns.resolver.Cache()

    def __call__(self) -> str:
        answer = self._resolver.resolve(self._name, "A", lifetime=_PATIENCE)
        return str(random.choice([*answer]).to_text())  # noqa: S311 - as a client chooses


@dataclass(frozen=True, slots=True)
class Target:
    """A site, and the way to it."""

    domain: str
    find: Callable[[], str]
    """Returns the address to connect to."""
    port: int
    context: ssl.SSLContext
    namespace: Path | None = None
    """Network namespace to start from; None for the machine's own."""
    kept: bool = False
    """Whether all requests go over one connection, for as long as it lives."""
    pause: float = 0.2
    """Seconds between an answer and the next request."""
    sni: bool = False
    client: str = ""
    """Tells clients of the same way apart."""

    @property
    def name(self) -> str:
        return f"{self.domain}:{self.port} {self.client or ('kept' if self.kept else 'new')}"


@dataclass(slots=True)
class Tally:
    """What came of one client's requests."""

    sent: int = 0
    failed: list[str] = field(default_factory=list)
    excused: int = 0
    """Failures while the fault itself had the server down."""
    closed: int = 0
    """Kept-alive connections that were closed between two requests."""
    longest: float = 0
    """Seconds of the longest wait for an answer that came."""
    addresses: set[str] = field(default_factory=set)
    """That answered."""
    certificates: set[str] = field(default_factory=set)
    """Fingerprints of those that were shown, where they are verified."""

    @property
    def answered(self) -> int:
        return self.sent - len(self.failed) - self.excused


@dataclass(slots=True)
class Tallies:
    """Of all clients, by their target's name."""

    of: dict[str, Tally] = field(default_factory=dict)
    _outages: list[list[float]] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return sum(each.sent for each in self.of.values())

    @property
    def failed(self) -> list[str]:
        return [line for each in self.of.values() for line in each.failed]

    @property
    def excused(self) -> int:
        return sum(each.excused for each in self.of.values())

    @property
    def closed(self) -> int:
        return sum(each.closed for each in self.of.values())

    @property
    def longest(self) -> float:
        return max((each.longest for each in self.of.values()), default=0)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Excuse what fails meanwhile, as the fault itself has the server down."""
        window = [time.monotonic(), float("inf")]
        self._outages.append(window)
        try:
            yield
        finally:
            window[1] = time.monotonic()

    def excuses(self, begun: float, ended: float) -> bool:
        return any(start <= ended and begun <= end for start, end in self._outages)


@contextmanager
def fetching(targets: Sequence[Target]) -> Iterator[Tallies]:
    """Have a client a target fetch it until the end of the block."""
    tallies, stop = Tallies({each.name: Tally() for each in targets}), threading.Event()
    threads = [
        threading.Thread(target=_Client(each, tallies.of[each.name], tallies, stop).run)
        for each in targets
    ]
    for thread in threads:
        thread.start()
    try:
        yield tallies
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@dataclass(slots=True)
class _Client:
    target: Target
    tally: Tally
    tallies: Tallies
    stop: threading.Event
    connection: HTTPConnection | None = None
    address: str = "nowhere"

    def run(self) -> None:
        if self.target.namespace:
            namespaces.enter(self.target.namespace)
        while not self.stop.wait(self.target.pause):
            begun = time.monotonic()
            self.tally.sent += 1
            try:
                self._fetch()
                self.tally.longest = max(self.tally.longest, time.monotonic() - begun)
            except (OSError, HTTPException, DNSException, AssertionError) as error:
                self._drop()
                if self.tallies.excuses(begun, time.monotonic()):
                    self.tally.excused += 1
                else:
                    clock = time.strftime("%H:%M:%S")
                    self.tally.failed.append(
                        f"{clock} {self.target.name} at {self.address}: {error!r}"
                    )
        self._drop()

    def _fetch(self) -> None:
        if self.connection is not None:
            try:
                response = self._ask(self.connection)
            except _GONE:
                self.tally.closed += 1
                self._drop()
            else:
                self._read(response)
                return
        self.connection = self._connect()
        self._read(self._ask(self.connection))

    def _connect(self) -> HTTPConnection:
        target = self.target
        self.address = target.find()
        connection = HTTPConnection(self.address, target.port)
        connection.sock = tls = handshake(
            self.address,
            target.context,
            target.domain if target.sni else None,
            port=target.port,
            patience=_PATIENCE,
        )
        if target.context.verify_mode == ssl.CERT_REQUIRED:
            certificate = shown(tls)
            self.tally.certificates.add(certificate.fingerprint)
            if not certificate.covers(target.domain):
                connection.close()
                raise AssertionError(f"a certificate for {certificate.names}")
        return connection

    def _ask(self, connection: HTTPConnection) -> HTTPResponse:
        how = "keep-alive" if self.target.kept else "close"
        connection.request("GET", "/", headers={"Host": self.target.domain, "Connection": how})
        return connection.getresponse()

    def _read(self, response: HTTPResponse) -> None:
        body = response.read().decode(errors="replace")
        assert response.status == 200, f"{response.status} {body[:80]}"
        assert self.target.domain in body, f"another page: {body[:80]}"
        self.tally.addresses.add(self.address)
        if not self.target.kept or response.will_close:
            self._drop()

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def answers(target: Target) -> bool:
    """Whether one request over a new connection is answered as it should be."""
    client = _Client(target, Tally(), Tallies(), threading.Event())
    try:
        client._fetch()  # noqa: SLF001 - of this module
    except (OSError, HTTPException, DNSException, AssertionError):
        return False
    finally:
        client._drop()  # noqa: SLF001
    return True
