"""DNS: dnsmasq, set up from the emulator's Route 53.

An alias answers with its balancer's loopback address. Loopback has one IPv6 address for everybody,
so an AAAA alias answers with the balancer's IPv4 address in IPv6's form (RFC 4291, 2.5.5.2), which
Linux connects to by IPv4; and only where the balancer has IPv6.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype

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


@dataclass(frozen=True, slots=True)
class Answers:
    """What dnsmasq is to answer."""

    hosts: str
    """In the form of /etc/hosts: read again without a restart."""
    others: tuple[str, ...]
    """Values of `dns-rr`: name, type's number, data in hexadecimal."""


def answers(
    records: Iterable[Record], balancers: Iterable[Balancer], loopback: Mapping[str, str]
) -> Answers:
    """Return what the records answer when balancers listen at their `loopback` addresses."""
    records = tuple(records)
    known = {balancer.dns_name.lower(): balancer for balancer in balancers}
    hosts = {
        f"{address} {record.name}"
        for record in records
        if record.type in _HOSTS and "*" not in record.name
        for address in _addresses(record, known, loopback)
    }
    return Answers(
        hosts="".join(f"{line}\n" for line in sorted(hosts)),
        others=tuple(sorted(line for record in records for line in _other(record))),
    )


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


def _addresses(
    record: Record, balancers: Mapping[str, Balancer], loopback: Mapping[str, str]
) -> Iterator[str]:
    if record.alias is None:
        yield from record.values
        return
    balancer = balancers.get(record.alias)
    if balancer is None:
        return
    address = loopback[balancer.dns_name]
    if record.type == "A":
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
