"""What has to exist in the emulator before a fleet's Terraform runs: all that the fleet names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from modules.plan.records import (
    ExistingCertificate,
    ExistingInstance,
    ExistingNetwork,
    NewInstance,
    Plan,
    RequestedCertificate,
    Zone,
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
    private: bool = False
    """Of the seed's VPC."""
    account: str | None = None
    """Of the role that leads to it; None: the fleet's own."""


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
    topics: tuple[str, ...] = ()
    """ARNs of SNS topics."""
    web_acls: tuple[str, ...] = ()
    """ARNs."""
    buckets: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Names that the team proves to ACM by records outside Route 53, as soon as ACM asks."""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Seed:
        """Return the seed that `dataclasses.asdict` made `content` of, also by way of JSON."""
        return cls(
            vpc=content["vpc"],
            subnets=tuple(Subnet(**subnet) for subnet in content["subnets"]),
            groups=tuple(content["groups"]),
            instances=tuple(
                Instance(**{**instance, "groups": tuple(instance["groups"])})
                for instance in content["instances"]
            ),
            zones=tuple(HostedZone(**zone) for zone in content["zones"]),
            certificates=tuple(
                Certificate(each["arn"], tuple(each["names"])) for each in content["certificates"]
            ),
            **{
                name: tuple(content[name])
                for name in ("topics", "web_acls", "buckets", "elsewhere")
            },
        )


def account_of(role: str) -> str:
    """Return the account of a role, by its ARN."""
    return role.split(":")[4]


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
        zones=tuple(_zone(zone) for zone in plan.zones if not zone.create),
        certificates=tuple(_certificates(plan)),
        topics=tuple(sorted({site.alarms.topic for site in plan.sites if site.alarms})),
        web_acls=tuple(sorted({each.waf for each in plan.balancers if each.waf})),
        buckets=(plan.log_bucket.name,) if plan.log_bucket and not plan.log_bucket.create else (),
        elsewhere=tuple(sorted(_proved_elsewhere(plan))),
    )


def _zone(zone: Zone) -> HostedZone:
    account = account_of(zone.role) if zone.role else None
    return HostedZone(zone.name, zone.zone_id, private=zone.private, account=account)


def _proved_elsewhere(plan: Plan) -> Iterable[str]:
    for certificate in plan.certificates:
        if isinstance(certificate, RequestedCertificate) and certificate.manual:
            yield from certificate.names


def _subnets(plan: Plan) -> tuple[Subnet, ...]:
    """Each named subnet once, in turn in three zones: a balancer wants two different ones."""
    ids: list[str] = []
    if isinstance(plan.network, ExistingNetwork):
        ids.extend((*plan.network.subnets, *plan.network.internal_subnets))
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
