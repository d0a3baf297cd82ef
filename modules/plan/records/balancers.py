"""Load balancers, and their part as front doors of sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modules.plan.records.kinds import BalancerKind


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer: of one site, or shared by many."""

    kind: BalancerKind
    key: str
    """What its addresses start with: the site's domain, or `shared-1`."""
    name: str
    """At most 32 characters, alphanumerics and hyphens."""
    tls_policy: str
    """AWS's predefined security policy for the listener on 443."""
    ipv6: bool
    internal: bool
    idle_timeout: int | None
    """Seconds; None where AWS's is fixed, with `network`."""
    deletion_protection: bool
    """With the rest: false or None where the kind has no such thing."""
    drop_invalid_headers: bool
    desync_mitigation: str | None
    cross_zone: bool
    allow: tuple[str, ...] | None
    """CIDR ranges of clients, sorted; None: the fleet's, by the group of all clients."""
    client_group: str | None
    """Name of the security group with `allow`, one for all of a site's own balancers; or None."""
    pinned: bool
    """Whether DNS that the team makes elsewhere leads to it: it stays the same one where it can."""
    log_prefix: str | None
    """What keys in the access log bucket start with; None: no access logs."""
    waf: str | None
    """ARN of a web ACL."""
    tags: Mapping[str, str]
    """All of the balancer's tags but `Name`."""


@dataclass(frozen=True, slots=True)
class SharedBalancer:
    """A shared balancer with what makes it one."""

    balancer: Balancer
    default: str
    """Domain whose certificate a client without SNI gets: of the site with the lowest port."""
    sites: tuple[str, ...]
    """Domains, sorted, `default` among them; also of sites that move to it or from it."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a balancer finds out whether a server can be used; times in seconds."""

    path: str
    matcher: str
    """HTTP statuses, as `200-299,301`; a classic balancer knows 200 alone."""
    interval: int
    timeout: int
    healthy: int
    unhealthy: int

    @property
    def found_healthy(self) -> int:
        """Seconds until a server that answers well is found healthy, at most."""
        return self._seconds(self.healthy)

    @property
    def found_unhealthy(self) -> int:
        """Seconds until a server that doesn't is found unhealthy, at most."""
        return self._seconds(self.unhealthy)

    def _seconds(self, checks: int) -> int:
        # The last check before the change may just have begun; the answer to the last one counts.
        return checks * self.interval + self.timeout


@dataclass(frozen=True, slots=True)
class Front:
    """A balancer in its part as one site's front door."""

    balancer: Balancer
    """The site's own, or the shared one's record."""
    target_group: str | None
    """Target group name; None for classic, which has none."""
    http_target_group: str | None
    """Of port 80, for `network` alone: its redirect is Apache's. Its check is by TCP."""
    health_check: HealthCheck
    stickiness: int | None
    """Seconds."""
    draining: int
    """Seconds."""
    proxy_protocol: bool
    keeps_connections: bool
    """Whether a network balancer is told to keep connections to a server that fails its health
    check, as one that is drained does; left alone it ends them. Other kinds never end them."""
    backend_keys: tuple[str, ...]
    """Base64 of DER public keys, sorted, that a classic balancer accepts of Apache; empty: any."""
    weight: int | None
    """Per cent of DNS answers; None: it is the site's only balancer."""
