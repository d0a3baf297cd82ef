"""What a site stands on, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modules.stack.bindings import ITerraformDependable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Network, servers and zones of a site; ids may be Terraform's tokens."""

    vpc_id: str
    subnet_ids: Sequence[str]
    """At least two, in different zones, for an application balancer."""
    balancer_group_id: str
    """The security group of the balancer."""
    instance_ids: Mapping[str, str]
    """EC2 instances by server name."""
    zone_ids: Mapping[str, str]
    """Route 53 zones by `key` of their record."""
    network_ready: Sequence[ITerraformDependable] = field(default=())
    """Routes that must exist before an internet-facing balancer can be made."""
    opened: Sequence[ITerraformDependable] = field(default=())
    """Rules by which clients reach the balancers: must stand for as long as DNS names one."""
    released: Sequence[ITerraformDependable] = field(default=())
    """What makes Apache listen on the site's port: must be applied before traffic is sent there."""
