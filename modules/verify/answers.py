"""What DNS answers: to everybody, and by each name server of a zone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from modules.verify.handshakes import PATIENCE

_SERVER_PATIENCE = 3
"""Seconds for a name server, which may be out of reach behind a firewall."""
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class View:
    """Where a client looks from."""

    nameserver: tuple[str, int] | None = None
    """Address and port; None for the system's own."""
    roots: str = ""
    """Roots in PEM that it trusts beside those of the machine."""
    authorities: tuple[tuple[str, int], ...] | None = None
    """Name servers of all zones, address and port; None: those that DNS names."""
    port: int = 53
    """Where those that DNS names answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one name server of the zone says of a name."""

    server: str
    addresses: Mapping[str, tuple[str, ...]]
    """By record type."""
    refusal: str | None = None
    """Why it says nothing, as `REFUSED`."""
    silence: str | None = None
    """Why it can't be asked from here."""


def resolve(name: str, kind: str, view: View) -> list[str]:
    """Return what DNS answers.

    :raises DNSException: it answers nothing of the kind.
    """
    return [record.to_text() for record in resolver_of(view).resolve(name, kind)]


def resolver_of(view: View) -> dns.resolver.Resolver:
    """Return the resolver of who looks from there."""
    resolver = dns.resolver.Resolver(configure=view.nameserver is None)
    if view.nameserver:
        address, resolver.port = view.nameserver
        resolver.nameservers = [address]
    resolver.lifetime = PATIENCE
    return resolver


def authorities(names: Mapping[str, Iterable[str]], view: View) -> Mapping[str, tuple[Answer, ...]]:
    """Ask each name server of each name's zone for the name's record types.

    A name whose zone can't be found has no answers.
    """
    with ThreadPool(_AT_ONCE) as pool:
        zones = dict(zip(names, pool.map(lambda name: _zone(name, view), names, 1), strict=True))
        known = sorted({zone for zone in zones.values() if zone})
        hosts = pool.map(lambda zone: _servers(zone, view), known, 1)
        servers = dict(zip(known, hosts, strict=True))
        asked = [
            (name, server, address)
            for name, zone in zones.items()
            for server, address in (servers[zone] if zone else ())
        ]
        silent: dict[str, str] = {}
        answers = pool.map(
            lambda each: _ask(each[0], each[1], each[2], names[each[0]], silent), asked, 1
        )
        found: dict[str, list[Answer]] = {}
        for (name, *_), answer in zip(asked, answers, strict=True):
            found.setdefault(name, []).append(answer)
    return {name: tuple(answers) for name, answers in found.items()}


def _zone(name: str, view: View) -> str | None:
    if view.authorities is not None:
        return name
    try:
        return dns.resolver.zone_for_name(name, resolver=resolver_of(view)).to_text()
    except dns.exception.DNSException:
        return None


def _servers(zone: str, view: View) -> list[tuple[str, tuple[str, int] | None]]:
    """Find the zone's name servers with an address each; None where there is none."""
    if view.authorities is not None:
        return [(address, (address, port)) for address, port in view.authorities]
    try:
        servers = sorted(resolve(zone, "NS", view))
    except dns.exception.DNSException:
        return []
    return [(server.rstrip("."), _address(server, view)) for server in servers]


def _address(server: str, view: View) -> tuple[str, int] | None:
    for kind in ("A", "AAAA"):
        try:
            return resolve(server, kind, view)[0], view.port
        except dns.exception.DNSException:
            continue
    return None


def _ask(
    name: str,
    server: str,
    address: tuple[str, int] | None,
    kinds: Iterable[str],
    silent: dict[str, str],
) -> Answer:
    """Ask a name server, unless it was `silent` before."""
    if address is None:
        return Answer(server, {}, silence="it has no address")
    if server in silent:
        return Answer(server, {}, silence=silent[server])
    addresses = {}
    for kind in kinds:
        query = dns.message.make_query(name, kind)
        query.flags &= ~dns.flags.RD
        host, port = address
        try:
            reply, _ = dns.query.udp_with_fallback(query, host, _SERVER_PATIENCE, port)
        except (OSError, EOFError, dns.exception.DNSException) as error:
            timed_out = isinstance(error, dns.exception.Timeout)
            silent[server] = "no answer" if timed_out else str(error) or type(error).__name__
            return Answer(server, {}, silence=silent[server])
        if reply.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            return Answer(server, {}, refusal=dns.rcode.to_text(reply.rcode()))
        wanted = dns.rdatatype.from_text(kind)
        sets = (answer for answer in reply.answer if answer.rdtype == wanted)
        addresses[kind] = tuple(
            sorted(record.to_text() for record in itertools.chain.from_iterable(sets))
        )
    return Answer(server, addresses)
