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


class BalancerKind(StrEnum):
    """The generations of Elastic Load Balancing that a site can have of its own."""

    APPLICATION = "application"
    CLASSIC = "classic"


class TlsLevel(StrEnum):
    """Mozilla's server-side TLS levels; see `modules.plan.tls` for what each maps to."""

    MODERN = "modern"
    INTERMEDIATE = "intermediate"


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


# --- sites -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zone:
    """A public Route 53 zone: looked up by name, named by id, or created."""

    name: str
    """With a `zone_id`: the registrable domain of the names that it holds."""
    zone_id: str | None = None
    create: bool = False

    @property
    def key(self) -> str:
        """What records refer to: the id where there is one, else the name."""
        return self.zone_id or self.name


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The one DNS record that proves `name` to ACM."""

    name: str
    zone: str
    """`key` of its `Zone`."""


@dataclass(frozen=True, slots=True)
class RequestedCertificate:
    """Requested from ACM and validated by DNS."""

    names: tuple[str, ...]
    """The site's domain first, then its aliases, sorted."""
    validations: tuple[ValidationRecord, ...]


@dataclass(frozen=True, slots=True)
class ExistingCertificate:
    """Named by its ARN: ACM's, or IAM's server certificate."""

    arn: str


Certificate = RequestedCertificate | ExistingCertificate


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer of one site."""

    kind: BalancerKind
    name: str
    """At most 32 characters, alphanumerics and hyphens."""
    target_group: str | None
    """Target group name; None for classic, which has none."""
    tls_policy: str
    """AWS's predefined security policy for the listener on 443."""
    ipv6: bool


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A Route 53 alias at the balancer: A, and AAAA with an IPv6 balancer."""

    name: str
    zone: str
    """`key` of its `Zone`."""
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackendTls:
    """Certificate and key files on the server, used between the balancer and Apache."""

    certificate: PurePosixPath
    private_key: PurePosixPath


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
    balancer: Balancer
    certificate: Certificate
    alias_records: tuple[AliasRecord, ...]
    tls: TlsLevel
    backend_tls: BackendTls | None
    """None: made on the server on first use."""
    extra_config: str | None
    """File of further directives for the virtual host, relative to the fleet file's folder."""
    tags: Mapping[str, str]
    """All of the site's tags but `Name`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The domain and its aliases."""
        return (self.domain, *self.aliases)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a fleet that will exist, sorted by key so that order in the file never matters."""

    fleet: str
    fleet_dir: str
    """Absolute folder of the fleet file; never part of the Terraform JSON."""
    region: str
    state: State
    network: Network
    allow: tuple[str, ...]
    """CIDR ranges, IPv4 and IPv6, that may reach the balancers on 80 and 443."""
    balancer_group: str
    """Name of the balancers' security group."""
    port_ranges: tuple[PortRange, ...]
    """Ascending; what the balancers may reach on the servers."""
    servers: tuple[Server, ...]
    zones: tuple[Zone, ...]
    sites: tuple[Site, ...]
    tags: Mapping[str, str]
    """The fleet's tags, for whatever belongs to no site."""
