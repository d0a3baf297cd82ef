"""What the emulator's security groups let through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from sandbox.emulator.api import Api

_ALL = "-1"


@dataclass(frozen=True, slots=True)
class Rule:
    """Lets TCP through between a group and a peer: other groups, or address ranges."""

    first: int
    last: int
    groups: frozenset[str]
    ranges: tuple[str, ...]

    def covers(self, port: int) -> bool:
        return self.first <= port <= self.last

    def knows(self, groups: Iterable[str], address: str) -> bool:
        """Whether the peer is in one of the groups, or its address in one of the ranges."""
        ip = ip_address(address)
        return not self.groups.isdisjoint(groups) or any(
            ip in ip_network(cidr) for cidr in self.ranges
        )


@dataclass(frozen=True, slots=True)
class Firewall:
    """All rules in force, by group."""

    ingress: Mapping[str, tuple[Rule, ...]]
    egress: Mapping[str, tuple[Rule, ...]]

    def opens(self, groups: Iterable[str] | None, port: int) -> bool:
        """Whether anybody at all may reach `port` of a balancer in `groups`.

        Who visits the sandbox comes from loopback, and stands for a client that is allowed.
        """
        return groups is None or any(
            rule.covers(port) for group in groups for rule in self.ingress.get(group, ())
        )

    def passes(
        self,
        source: tuple[str, tuple[str, ...] | None],
        target: tuple[str, tuple[str, ...]],
        port: int,
    ) -> bool:
        """Whether TCP gets from one network interface to another; each is address and groups.

        A source without groups, which a network balancer can be, may reach anybody.
        """
        (source_address, source_groups), (target_address, target_groups) = source, target
        leaves = source_groups is None or any(
            rule.covers(port) and rule.knows(target_groups, target_address)
            for group in source_groups
            for rule in self.egress.get(group, ())
        )
        enters = any(
            rule.covers(port) and rule.knows(source_groups or (), source_address)
            for group in target_groups
            for rule in self.ingress.get(group, ())
        )
        return leaves and enters


NOTHING_PASSES = Firewall({}, {})


def read(api: Api) -> Firewall:
    """Return what the emulator's security groups say now."""
    groups = list(api.all("ec2", "describe_security_groups", "SecurityGroups"))
    return Firewall(
        ingress={g["GroupId"]: tuple(_rules(g["IpPermissions"])) for g in groups},
        egress={g["GroupId"]: tuple(_rules(g["IpPermissionsEgress"])) for g in groups},
    )


def _rules(permissions: Iterable[Mapping[str, Any]]) -> Iterable[Rule]:
    for permission in permissions:
        protocol = permission["IpProtocol"]
        if protocol in {"tcp", "6", _ALL}:
            whole = protocol == _ALL
            yield Rule(
                first=0 if whole else permission["FromPort"],
                last=65535 if whole else permission["ToPort"],
                groups=frozenset(p["GroupId"] for p in permission["UserIdGroupPairs"]),
                ranges=tuple(r["CidrIp"] for r in permission["IpRanges"])
                + tuple(r["CidrIpv6"] for r in permission.get("Ipv6Ranges", ())),
            )
