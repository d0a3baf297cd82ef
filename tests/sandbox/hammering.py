"""Clients that fetch sites all the while, each request over a new connection.

For each name there are two: one asks DNS anew each time, one keeps an answer for as long as it may.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

import dns.exception
import dns.resolver

import sandbox
from modules.verify.answers import View
from modules.verify.handshakes import handshake, shown
from sandbox import Sandbox

_PAUSE = 0.05
_PATIENCE = 20


@dataclass
class Tally:
    """What came of one client's requests."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    certificates: set[str] = field(default_factory=set)
    """Fingerprints."""


@dataclass
class Tallies:
    """By name: of the client that asks anew, and of the one that remembers."""

    of: dict[str, tuple[Tally, Tally]]

    @property
    def failed(self) -> list[str]:
        return [line for pair in self.of.values() for tally in pair for line in tally.failed]

    def certificates(self, name: str) -> tuple[int, ...]:
        return tuple(len(tally.certificates) for tally in self.of[name])

    def addresses(self, name: str) -> tuple[int, ...]:
        return tuple(len(tally.addresses) for tally in self.of[name])

    @property
    def fewest(self) -> int:
        """How many requests the client had answered that had the fewest."""
        return min(tally.answered for pair in self.of.values() for tally in pair)


@contextmanager
def hammered(up: Sandbox, *names: str, sni: Collection[str] = ()) -> Iterator[Tallies]:
    """Have the names fetched all the while, those in `sni` with SNI."""
    tallies = Tallies({name: (Tally(), Tally()) for name in names})
    view, stop = sandbox.view_of(up), threading.Event()
    threads = [
        threading.Thread(target=_fetch, args=[Client(name, view, name in sni, kind), tally, stop])
        for name, pair in tallies.of.items()
        for kind, tally in zip((False, True), pair, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tallies
        # Long enough for the client that remembers to see the end of the change.
        time.sleep(3)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@dataclass(frozen=True)
class Client:
    name: str
    view: View
    sends_sni: bool
    remembers: bool
    """Keeps what DNS answers for as long as it may."""


def _fetch(client: Client, tally: Tally, stop: threading.Event) -> None:
    name, view = client.name, client.view
    context = ssl.create_default_context(cadata=view.roots)
    context.check_hostname = False
    known: list[str] = []
    until = 0.0
    while not stop.wait(_PAUSE):
        address = "nowhere"
        try:
            if not client.remembers or time.monotonic() >= until:
                known, ttl = _resolve(name, view)
                until = time.monotonic() + ttl
            address = random.choice(known)  # noqa: S311 - as a client chooses
            _get(name, address, context, name if client.sends_sni else None, tally)
            tally.answered += 1
        except (OSError, HTTPException, dns.exception.DNSException, AssertionError) as error:
            clock = time.strftime("%H:%M:%S")
            tally.failed.append(f"{clock} {name} at {address}: {error!r}")


def _resolve(name: str, view: View) -> tuple[list[str], int]:
    assert view.nameserver is not None
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [view.nameserver[0]], view.nameserver[1]
    answer = resolver.resolve(name, "A", lifetime=_PATIENCE)
    assert answer.rrset is not None
    return [record.to_text() for record in answer], answer.rrset.ttl


def _get(name: str, address: str, context: ssl.SSLContext, sent: str | None, tally: Tally) -> None:
    with handshake(address, context, sent) as tls:
        certificate = shown(tls)
        assert certificate.covers(name), f"a certificate for {certificate.names}"
        connection = HTTPConnection(name, timeout=_PATIENCE)
        connection.sock = tls
        connection.request("GET", "/", headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode()
        assert (answer.status, name in body) == (200, True), f"{answer.status} {body[:80]}"
    tally.addresses.add(address)
    tally.certificates.add(certificate.fingerprint)
