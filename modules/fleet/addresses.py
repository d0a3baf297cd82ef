"""Hosts, address ranges and TCP ports."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from modules.fleet.problems import Code, refusal, show
from modules.fleet.text import described

_MAX_PORT = 65535
_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_HOST_WITH_MORE = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_.-]+)@)?(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]+))?", re.ASCII
)
_RANGE = re.compile(r"([0-9]{1,5}) ?- ?([0-9]{1,5})", re.ASCII)
_SHARED_ADDRESS_SPACE = ipaddress.IPv4Network("100.64.0.0/10")
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_VPC_PREFIX_LENGTHS = range(16, 26)
"""AWS takes /16 to /28; two subnets a quarter of it each, and a balancer needs a /27."""


@dataclass(frozen=True, slots=True, order=True)
class PortRange:
    """TCP ports `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def _host(value: str) -> str:
    """RFC 1123 host name of any number of labels, or an address without a scope."""
    try:
        return str(ipaddress.ip_address(value)) if "%" not in value else _no_host(value)
    except ValueError:
        pass
    labels = value.split(".")
    numeric = labels[-1].isdigit()
    if len(value) <= 253 and not numeric and all(map(_HOST_LABEL.fullmatch, labels)):  # noqa: PLR2004
        return value
    return _no_host(value)


def _no_host(value: str) -> str:
    parts = _HOST_WITH_MORE.fullmatch(value)
    said = parts.groupdict() if parts else {}
    meant = " and ".join(f"{key}: {value}" for key, value in said.items() if value)
    raise refusal(
        Code.HOST,
        f"host {show(value)} is neither a name nor an address",
        allowed="a DNS name, an IPv4 or an IPv6 address",
        meant=meant if " and " in meant else "",
    )


def _cidr(value: str) -> str:
    if "/" not in value or "%" in value:  # an IPv6 scope ends in any text at all: RFC 4007, 11
        return _no_cidr(value)
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        return _no_cidr(value)


def _no_cidr(value: str) -> str:
    try:
        meant = str(ipaddress.ip_network(value.partition("%")[0], strict=False))
    except ValueError:
        meant = ""
    raise refusal(
        Code.CIDR,
        f"address range {show(value)} is malformed",
        allowed="an IPv4 or IPv6 range such as 192.0.2.0/24, with no bit set past the mask",
        meant=show(meant) if meant else "",
    )


def _each_once(ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a repeated range, as EC2 does: InvalidPermission.Duplicate."""
    for i, cidr in enumerate(ranges):
        if cidr in ranges[:i]:
            raise refusal(Code.CIDR, f"address range {show(cidr)} stands twice")
    return ranges


def _vpc_cidr(value: str) -> str:
    network = ipaddress.ip_network(_cidr(value))
    if not isinstance(network, ipaddress.IPv4Network):
        raise refusal(Code.CIDR, f"a VPC's range {show(value)} is not IPv4", allowed="IPv4")
    if network.prefixlen not in _VPC_PREFIX_LENGTHS:
        raise refusal(
            Code.CIDR,
            f"a VPC's range {show(value)} has an unfit size",
            allowed="/16 to /25, so that each subnet, a quarter of it, holds balancers",
        )
    if not any(map(network.subnet_of, (*_PRIVATE, _SHARED_ADDRESS_SPACE))):
        raise refusal(
            Code.CIDR,
            f"a VPC's range {show(value)} is not private",
            allowed=", ".join(map(str, (*_PRIVATE, _SHARED_ADDRESS_SPACE))),
        )
    return value


def _port(value: int) -> int:
    if not 1 <= value <= _MAX_PORT:
        raise refusal(Code.PORT, f"port {value} is out of range", allowed=f"1 to {_MAX_PORT}")
    return value


def _reserved_ports(value: object) -> PortRange:
    if isinstance(value, PortRange):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return PortRange(_port(value), value)
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refusal(
            Code.PORT,
            f"reserved ports {show(value)} are malformed",
            allowed="a port (8500) or a range (9000-9010)",
            meant=value if isinstance(value, str) and value.isdecimal() else "",
        )
    first, last = _port(int(match[1])), _port(int(match[2]))
    if first > last:
        raise refusal(
            Code.PORT, f"range {show(value)} runs backward", meant=show(f"{last}-{first}")
        )
    return PortRange(first, last)


Host = Annotated[str, AfterValidator(_host), described("a host's name or address")]
Cidr = Annotated[str, AfterValidator(_cidr), described("a CIDR range")]
Cidrs = Annotated[tuple[Cidr, ...], AfterValidator(_each_once)]
VpcCidr = Annotated[str, AfterValidator(_vpc_cidr), described("an IPv4 CIDR range")]
PortNumber = Annotated[
    int, AfterValidator(_port), Field(json_schema_extra={"minimum": 1, "maximum": _MAX_PORT})
]
ReservedPorts = Annotated[
    PortRange,
    BeforeValidator(_reserved_ports),
    WithJsonSchema(
        {
            "$comment": "a port or a range of ports",
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MAX_PORT},
                {"type": "string", "pattern": "^[0-9]{1,5} ?- ?[0-9]{1,5}$"},
            ],
        }
    ),
]
