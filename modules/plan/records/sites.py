"""Sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from modules.plan.records.balancers import Balancer, Front
from modules.plan.records.certificates import Certificate
from modules.plan.records.dns import AliasRecord
from modules.plan.records.kinds import NETWORK_IDLE_TIMEOUT, BalancerKind, TlsLevel


@dataclass(frozen=True, slots=True)
class BackendTls:
    """Certificate and key files on the server, used between the balancer and Apache."""

    certificate: PurePosixPath
    private_key: PurePosixPath


@dataclass(frozen=True, slots=True)
class Alarms:
    """Thresholds of CloudWatch alarms, told to one SNS topic."""

    name: str
    """What the alarms' names start with."""
    topic: str
    certificate_days: int | None
    """None: the certificate is not ACM's, which alone counts days."""
    unhealthy_hosts: int
    server_errors: int
    """In five minutes."""


@dataclass(frozen=True, slots=True)
class Site:
    """A domain with all that serves it."""

    domain: str
    """In ASCII (punycode) form; `unicode` is what a person reads."""
    unicode: str
    aliases: tuple[str, ...]
    """Sorted."""
    port: int
    document_root: PurePosixPath
    fronts: tuple[Front, ...]
    """The site's balancer, then its successor where there is one."""
    certificate: Certificate
    alias_records: tuple[AliasRecord, ...]
    """Empty where DNS lives elsewhere."""
    tls: TlsLevel
    backend_tls: BackendTls | None
    """None: made on the server on first use."""
    extra_config: str | None
    """File of further directives for the virtual host, relative to the fleet file's folder."""
    canonical: bool
    hsts: str | None
    """Value of Strict-Transport-Security."""
    alarms: Alarms | None
    tags: Mapping[str, str]
    """All of the site's tags but `Name`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The domain and its aliases."""
        return (self.domain, *self.aliases)

    @property
    def balancer(self) -> Balancer:
        """The balancer that the site names, whatever its successor."""
        return self.fronts[0].balancer

    @property
    def needs_sni(self) -> bool:
        """Whether a client without SNI may get another site's certificate."""
        return any(front.balancer.kind is BalancerKind.SHARED for front in self.fronts)

    @property
    def idle_timeout(self) -> int:
        """Seconds that the most patient of its balancers keeps an idle connection."""
        known = [front.balancer.idle_timeout for front in self.fronts]
        return max(NETWORK_IDLE_TIMEOUT if each is None else each for each in known)
