"""What will exist: frozen records, the whole contract between the plan and its readers.

`modules.stack` tells Terraform about these records, `portico show` prints them, the sandbox seeds
and verifies them. A record holds final words only: AWS names, ports, Terraform addresses, zone
names; no reader decides anything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from modules.fleet.addresses import PortRange

HEALTH_PATH = "/.well-known/portico/health"
"""Answered with 200 by every TLS virtual host; its `Portico-Release` header names the release."""

NETWORK_IDLE_TIMEOUT = 350
"""Seconds, fixed for a TLS listener of a network balancer:
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html"""


class BalancerKind(StrEnum):
    """The kinds of load balancer that a site can have."""

    APPLICATION = "application"
    CLASSIC = "classic"
    NETWORK = "network"
    SHARED = "shared"
    """An application balancer of many sites, told apart by SNI and host."""


class TlsLevel(StrEnum):
    """Mozilla's server-side TLS levels; see `modules.plan.tls` for what each maps to."""

    MODERN = "modern"
    INTERMEDIATE = "intermediate"
    OLD = "old"


# --- state -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LocalState:
    """Terraform's local backend; `path` is relative to the fleet file's folder."""

    path: str


@dataclass(frozen=True, slots=True)
class S3State:
    """Terraform's S3 backend, locked by its own lock file (`use_lockfile`)."""

    bucket: str
    key: str
    region: str
    kms_key_id: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class CloudState:
    """HCP Terraform; with no organization the team sets TF_CLOUD_ORGANIZATION and TF_WORKSPACE."""

    organization: str | None = None
    workspace: str | None = None
    hostname: str | None = None


State = LocalState | S3State | CloudState


# --- network and servers ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExistingNetwork:
    """A VPC and subnets that the team has."""

    vpc: str
    subnets: tuple[str, ...]
    """Sorted."""
    internal_subnets: tuple[str, ...]
    """Of internal balancers, sorted; the same as `subnets` where the file says nothing."""


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """A VPC with a public subnet in each of two zones; both generations of IP."""

    cidr: str
    subnets: tuple[str, str]
    """Their IPv4 ranges, a quarter of `cidr` each."""


Network = ExistingNetwork | NewNetwork


@dataclass(frozen=True, slots=True)
class ExistingInstance:
    """An EC2 instance that the team has."""

    instance: str


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An EC2 instance to create in the first subnet, with a public address."""

    ami: str
    type: str
    key_name: str | None
    user_data: str | None
    """A file, relative to the fleet file's folder."""
    ssh_from: tuple[str, ...]
    """CIDR ranges that may reach SSH; used with a security group that Portico creates."""
    subnet: str | None = None
    """An existing subnet; the network's first one when None."""


@dataclass(frozen=True, slots=True)
class Ssh:
    """How Terraform's provisioners reach a server; the host key is always checked."""

    host: str | None
    """None: the public address of the created instance."""
    port: int
    user: str
    private_key: str
    """A file, as written: `~/…`, absolute, or relative to the fleet file's folder."""
    host_key: str


@dataclass(frozen=True, slots=True)
class Server:
    """One Apache server; every balancer reaches all servers of the fleet."""

    name: str
    instance: ExistingInstance | NewInstance
    security_group: str | None
    """None: created with the instance."""
    ssh: Ssh
    layout: str
    """Key into `modules.plan.layouts.LAYOUTS`: `debian` or `redhat`."""
    aws_name: str
    instance_key: str
    """Tells its instance from any other, also from the one that replaces it: its id, or all by
    which AWS makes another one."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a release reaches the servers; times in seconds."""

    parallel: bool
    """All servers at once; else one after another, and a failure stops the roll-out."""
    keep_releases: int
    """How many stay on a server, the current one among them."""
    drain: int
    """How long a server that is about to be changed fails its balancers' health checks, so that
    they send it nothing new and what they sent comes to its end; 0: it is not drained."""
    settle: int
    """How long balancers take at most to find it healthy again; 0 without `drain`."""


# --- names in DNS ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zone:
    """A Route 53 zone: looked up by name, named by id, or created."""

    name: str
    """With a `zone_id`: the registrable domain of the names that it holds."""
    zone_id: str | None = None
    create: bool = False
    private: bool = False
    """Of the fleet's VPC alone."""
    role: str | None = None
    """ARN of the IAM role of the account that holds the zone; None: the fleet's own."""

    @property
    def key(self) -> str:
        """What records refer to: the id where there is one, else the name."""
        return self.zone_id or (f"{self.name} (private)" if self.private else self.name)


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A Route 53 alias at the balancer: A, and AAAA where all of the site's balancers have IPv6."""

    name: str
    zone: str
    """`key` of its `Zone`."""
    types: tuple[str, ...]


# --- certificates ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestedCertificate:
    """Requested from ACM."""

    key: str
    """What its addresses start with: a site's domain, or its name in `certificates`."""
    names: tuple[str, ...]
    """The first becomes the common name; wildcards (`*.a.com`) among them."""
    validated: tuple[str, ...]
    """`name` of each `ValidationRecord` that it waits for; empty with manual validation."""
    key_algorithm: str | None
    """None: ACM's default, RSA_2048."""
    manual: bool
    wait: bool
    """With `manual`: whether an apply waits until it is issued."""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UploadedCertificate:
    """The team's own, from PEM files."""

    key: str
    service: str
    """`acm` or `iam`."""
    name: str
    """In IAM; changes with the certificate and its chain, which IAM can't exchange in place."""
    names: tuple[str, ...]
    fingerprint: str
    """The first 12 hex digits of the SHA-256 of the certificate's DER."""
    certificate: str
    """With the two below: a file as written: `~/…`, absolute, or relative to the fleet file's."""
    private_key: str
    chain: str | None
    """None: what stands below the certificate in its own file."""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExistingCertificate:
    """Named by its ARN: ACM's, or IAM's server certificate."""

    arn: str


Certificate = RequestedCertificate | UploadedCertificate | ExistingCertificate


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The one DNS record that proves `name` and `*.name` to ACM, for all certificates."""

    name: str
    zone: str
    """`key` of its `Zone`."""
    certificate: str
    """`key` of the certificate that tells the record's value."""


# --- balancers -------------------------------------------------------------------------------


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


# --- sites -----------------------------------------------------------------------------------


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
