"""DNS: dnsmasq, set up from the emulator's Route 53.

An alias answers with its balancer's loopback address. Loopback has one IPv6 address for everybody,
so an AAAA alias answers with the balancer's IPv4 address in IPv6's form (RFC 4291, 2.5.5.2), which
Linux connects to by IPv4; and only where the balancer has IPv6.

dnsmasq knows no weights: a weighted name answers with every address whose weight is above 0, and
with all of them where none is, as in Route 53. Who asks is in the VPC: of a name in a public and in
a private zone it gets the private one's answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from modules.plan.records import Plan
from sandbox import addresses, waiting
from sandbox.emulator.balancers import Balancer
from sandbox.emulator.records import Record
from sandbox.enclosure import Enclosure
from sandbox.state import Place
from sandbox.templating import render

_READY = "ready.sandbox.invalid"
_HOSTS = frozenset({"A", "AAAA"})
_OWN = frozenset({"NS", "SOA"})
"""What Route 53 says of its own name servers, whose part dnsmasq plays."""

TTL = 1
"""Seconds; 60 in AWS. What waits for answers to be forgotten waits the shorter in the sandbox."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What dnsmasq is to answer."""

    hosts: str
    """In the form of /etc/hosts: read again without a restart."""
    others: tuple[str, ...]
    """Values of `dns-rr`: name, type's number, data in hexadecimal."""


def answers(
    records: Iterable[Record],
    balancers: Iterable[Balancer],
    loopback: Mapping[str, str],
    elsewhere: Mapping[str, Iterable[str]] | None = None,
) -> Answers:
    """Return what the records answer when balancers listen at their `loopback` addresses.

    `elsewhere` has the names that the team's own DNS leads to balancers, each with those's names.
    """
    records = tuple(records)
    sets: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        sets.setdefault((record.name, record.type), []).append(record)
    zones = _Zones(sets, {each.dns_name.lower(): each for each in balancers}, loopback)
    hosts = {
        f"{address} {record.name}"
        for record in records
        if record.type in _HOSTS and "*" not in record.name
        for address in zones.addresses(record.name, record.type)
    }
    hosts |= {
        f"{loopback[balancer.dns_name]} {name}"
        for name, wanted in (elsewhere or {}).items()
        for balancer in zones.balancers.values()
        if balancer.name in wanted
    }
    return Answers(
        hosts="".join(f"{line}\n" for line in sorted(hosts)),
        others=tuple(sorted(line for record in records for line in _other(record))),
    )


def elsewhere(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the names whose DNS is the team's own, as the team would lead them: to balancers."""
    return {
        name: tuple(front.balancer.name for front in site.fronts if front.weight != 0)
        for site in plan.sites
        if not site.alias_records
        for name in site.names
    }


def start(place: Place, enclosure: Enclosure, block: str, wanted: Answers) -> None:
    """Start dnsmasq and wait until it answers."""
    _hosts_file(place).write_text(wanted.hosts)
    _file(place).write_text(_configuration(place, block, wanted))
    enclosure.run(["dnsmasq", "--test", f"--conf-file={_file(place)}"])
    enclosure.spawn(
        ["dnsmasq", "--keep-in-foreground", "--user=root", "--log-facility=-", *_files(place)],
        place.log("dnsmasq"),
        os.environ,
    )
    waiting.until("dnsmasq", lambda: _is_ready(block))


def change(place: Place, enclosure: Enclosure, block: str, wanted: Answers) -> None:
    """Have dnsmasq answer otherwise; addresses change without a restart, other records with one."""
    if _file(place).read_text() == _configuration(place, block, wanted):
        if _hosts_file(place).read_text() != wanted.hosts:
            _hosts_file(place).write_text(wanted.hosts)
            _signal(place, enclosure, "HUP")
        return
    _signal(place, enclosure, "TERM")
    waiting.until("the end of dnsmasq", lambda: not _is_ready(block))
    start(place, enclosure, block, wanted)


@dataclass(frozen=True, slots=True)
class _Zones:
    """All zones, for who sees the private ones too."""

    records: Mapping[tuple[str, str], Sequence[Record]]
    """By name and type."""
    balancers: Mapping[str, Balancer]
    """By DNS name in lower case."""
    loopback: Mapping[str, str]

    def addresses(self, name: str, kind: str, asked: frozenset[str] = frozenset()) -> Iterator[str]:
        """Find the addresses of a name, by way of aliases at other records."""
        for record in self._set(name, kind):
            if record.alias is None:
                yield from record.values
            elif balancer := self.balancers.get(record.alias):
                yield from self._at(balancer, kind)
            elif record.alias not in asked:
                yield from self.addresses(record.alias, kind, asked | {name})

    def _set(self, name: str, kind: str) -> Iterable[Record]:
        found = self.records.get((name, kind), ())
        found = [each for each in found if each.private] or found
        return [each for each in found if each.weight != 0] or found

    def _at(self, balancer: Balancer, kind: str) -> Iterator[str]:
        address = self.loopback[balancer.dns_name]
        if kind == "A":
            yield address
        elif balancer.ipv6:
            yield f"::ffff:{address}"


def _other(record: Record) -> Iterator[str]:
    """Write a record of another type; Route 53's values are in the form of a zone file."""
    if record.type in _HOSTS | _OWN or record.alias is not None:
        return
    kind = dns.rdatatype.from_text(record.type)
    for value in record.values:
        data = dns.rdata.from_text(dns.rdataclass.IN, kind, value).to_wire(origin=dns.name.root)
        yield f"{record.name},{int(kind)},{(data or b'').hex()}"


def _configuration(place: Place, block: str, wanted: Answers) -> str:
    return render(
        "dnsmasq.conf",
        port=addresses.DNS_PORT,
        address=addresses.control(block),
        hosts=_hosts_file(place),
        ready=_READY,
        ttl=TTL,
        records=wanted.others,
    )


def _signal(place: Place, enclosure: Enclosure, name: str) -> None:
    script = 'kill -"$1" "$(cat "$2")"'
    enclosure.run(["sh", "-c", script, "sh", name, str(_pid_file(place))])


def _is_ready(block: str) -> bool:
    query = dns.message.make_query(_READY, "A")
    try:
        dns.query.udp(query, addresses.control(block), timeout=0.2, port=addresses.DNS_PORT)
    except (dns.exception.Timeout, OSError):
        return False
    return True


def _files(place: Place) -> list[str]:
    return [f"--conf-file={_file(place)}", f"--pid-file={_pid_file(place)}"]


def _file(place: Place) -> Path:
    return place.folder / "dnsmasq.conf"


def _hosts_file(place: Place) -> Path:
    return place.folder / "dnsmasq.hosts"


def _pid_file(place: Place) -> Path:
    return place.folder / "dnsmasq.pid"
