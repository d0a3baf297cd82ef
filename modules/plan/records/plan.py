"""All of a fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modules.fleet.addresses import PortRange
from modules.plan.records.balancers import Balancer, SharedBalancer
from modules.plan.records.certificates import Certificate
from modules.plan.records.dns import ValidationRecord, Zone
from modules.plan.records.kinds import BalancerKind
from modules.plan.records.servers import Network, Rollout, Server
from modules.plan.records.sites import Site
from modules.plan.records.state import State


@dataclass(frozen=True, slots=True)
class LogBucket:
    """The S3 bucket of access logs."""

    name: str
    create: bool
    prefix: str | None
    expire_days: int | None
    """None for an existing one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a fleet that will exist, sorted by key so that order in the file never matters."""

    fleet: str
    prefix: str
    """What AWS names start with."""
    fleet_dir: str
    """Absolute folder of the fleet file; never part of the Terraform JSON."""
    region: str
    state: State
    provider: str
    """Lowest version of the AWS provider that knows all that is asked, as `3.39`."""
    network: Network
    allow: tuple[str, ...]
    """CIDR ranges, IPv4 and IPv6, sorted, that may reach the balancers on 80 and 443."""
    balancer_group: str
    """Name of the security group that all balancers are in, and that servers let in."""
    client_group: str
    """Name of the security group that lets `allow` reach balancers without ranges of their own."""
    port_ranges: tuple[PortRange, ...]
    """Ascending; what the balancers may reach on the servers."""
    servers: tuple[Server, ...]
    rollout: Rollout
    zones: tuple[Zone, ...]
    zone_roles: tuple[str, ...]
    """ARNs, sorted, of all roles of zones that the file names, whether a site is left there or not.

    Terraform takes away by the role what it made by it.
    """
    certificates: tuple[Certificate, ...]
    """Those to be made, each once, by key."""
    validation_records: tuple[ValidationRecord, ...]
    """Each name once, by name."""
    shared_balancers: tuple[SharedBalancer, ...]
    log_bucket: LogBucket | None
    sites: tuple[Site, ...]
    quotas: Mapping[str, int]
    """The account's own, by key of `quotas` in the fleet file."""
    tags: Mapping[str, str]
    """The fleet's tags, for whatever belongs to no site."""

    @property
    def balancers(self) -> tuple[Balancer, ...]:
        """Each balancer once: the sites' own, then those that they share."""
        fronts = (front for site in self.sites for front in site.fronts)
        own = (front.balancer for front in fronts)
        return (
            *(balancer for balancer in own if balancer.kind is not BalancerKind.SHARED),
            *(shared.balancer for shared in self.shared_balancers),
        )
