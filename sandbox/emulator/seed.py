"""What has to exist in the emulator before a fleet's Terraform runs: all that the fleet names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from modules.plan.records import (
    ExistingCertificate,
    ExistingInstance,
    ExistingNetwork,
    NewInstance,
    Plan,
)

VPC_CIDR = IPv4Network("10.80.0.0/16")
"""The file gives ids only; the ranges behind them are the sandbox's choice."""

_FIRST_HOST = 10
_INSTANCES_VPC = "vpc-0000000000portico"
_INSTANCES_SUBNET = "subnet-000000portico"


@dataclass(frozen=True, slots=True)
class Subnet:
    id: str
    cidr: str
    zone: str
    """Letter of the availability zone."""


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    subnet: str
    address: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostedZone:
    name: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that the team has, by its ARN; `names` are all that the fleet uses it for."""

    arn: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything that a fleet names as existing."""

    vpc: str | None
    subnets: tuple[Subnet, ...]
    groups: tuple[str, ...]
    instances: tuple[Instance, ...]
    zones: tuple[HostedZone, ...]
    certificates: tuple[Certificate, ...]


def make_seed(plan: Plan) -> Seed:
    """Return what the plan names as existing; the same plan gives the same seed."""
    subnets = _subnets(plan)
    existing = [s for s in plan.servers if isinstance(s.instance, ExistingInstance)]
    groups = {server.security_group for server in plan.servers if server.security_group}
    vpc = plan.network.vpc if isinstance(plan.network, ExistingNetwork) else None
    return Seed(
        vpc=vpc or (_INSTANCES_VPC if subnets or groups else None),
        subnets=subnets,
        groups=tuple(sorted(groups)),
        instances=tuple(
            Instance(
                id=server.instance.instance,
                subnet=subnets[0].id,
                address=str(IPv4Network(subnets[0].cidr)[_FIRST_HOST + position]),
                groups=(server.security_group,) if server.security_group else (),
            )
            for position, server in enumerate(existing)
            if isinstance(server.instance, ExistingInstance)
        ),
        zones=tuple(HostedZone(z.name, z.zone_id) for z in plan.zones if not z.create),
        certificates=tuple(_certificates(plan)),
    )


def _subnets(plan: Plan) -> tuple[Subnet, ...]:
    """Each named subnet once, in turn in three zones: a balancer wants two different ones."""
    ids: list[str] = []
    if isinstance(plan.network, ExistingNetwork):
        ids.extend(plan.network.subnets)
    ids.extend(
        server.instance.subnet
        for server in plan.servers
        if isinstance(server.instance, NewInstance) and server.instance.subnet
    )
    if not ids and any(isinstance(s.instance, ExistingInstance) for s in plan.servers):
        ids.append(_INSTANCES_SUBNET)
    blocks = VPC_CIDR.subnets(new_prefix=24)
    return tuple(
        Subnet(id=name, cidr=str(block), zone="abc"[position % 3])
        for position, (name, block) in enumerate(zip(dict.fromkeys(ids), blocks, strict=False))
    )


def _certificates(plan: Plan) -> Iterable[Certificate]:
    names: dict[str, list[str]] = {}
    for site in plan.sites:
        if isinstance(site.certificate, ExistingCertificate):
            names.setdefault(site.certificate.arn, []).extend(site.names)
    return (Certificate(arn, tuple(dict.fromkeys(used))) for arn, used in sorted(names.items()))
