"""The network and the servers in it."""

from __future__ import annotations

from dataclasses import dataclass


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
