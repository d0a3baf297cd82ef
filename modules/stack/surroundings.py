"""What a site stands on, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modules.plan.records import Balancer, Certificate, ExistingCertificate
from modules.stack.bindings import ITerraformDependable, TerraformProvider

if TYPE_CHECKING:
    from modules.stack.shared_load_balancer import SharedLoadBalancer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Network, servers and zones of a site; ids may be Terraform's tokens."""

    vpc_id: str
    subnet_ids: Sequence[str]
    """At least two, in different zones, for an application balancer."""
    balancer_group_id: str
    """The security group of all balancers, which the servers let in."""
    instance_ids: Mapping[str, str]
    """EC2 instances by what the addresses of their targets end with.

    Never two for one instance: the one that goes would take the other's target along.
    """
    zone_ids: Mapping[str, str]
    """Route 53 zones by `key` of their record."""
    client_group_id: str | None = None
    """The security group by which clients reach a balancer; None: the balancers' own says it."""
    shared: Mapping[str, SharedLoadBalancer] = field(default_factory=dict)
    """Balancers of many sites, by `key` of their record."""
    zone_providers: Mapping[str, TerraformProvider] = field(default_factory=dict)
    """By `key` of a zone's record: what reaches a zone of another account."""
    certificate_arns: Mapping[str, str] = field(default_factory=dict)
    """Of certificates that are made, by `key` of their record; ready for a listener."""
    internal_subnet_ids: Sequence[str] = field(default=())
    """Of internal balancers; `subnet_ids` where empty."""
    log_bucket: str | None = None
    """Name of the S3 bucket of access logs."""
    log_bucket_ready: Sequence[ITerraformDependable] = field(default=())
    """What must exist before a balancer is told to log: AWS tries the bucket at that moment."""
    network_ready: Sequence[ITerraformDependable] = field(default=())
    """Routes that must exist before an internet-facing balancer can be made."""
    opened: Sequence[ITerraformDependable] = field(default=())
    """Rules by which clients reach the balancers: must stand for as long as DNS names one."""
    targets_ready: Sequence[ITerraformDependable] = field(default=())
    """What must exist before a target does; it goes once a target that goes has been drained."""
    released: Sequence[ITerraformDependable] = field(default=())
    """What makes Apache serve the site: must be applied before DNS leads to it."""

    def certificate_arn(self, certificate: Certificate) -> str:
        """Return the ARN of a site's certificate, whoever made it."""
        if isinstance(certificate, ExistingCertificate):
            return certificate.arn
        return self.certificate_arns[certificate.key]

    def groups(self) -> list[str]:
        """Return the security groups of a balancer."""
        return [self.balancer_group_id, *([self.client_group_id] if self.client_group_id else [])]

    def subnets(self, balancer: Balancer) -> list[str]:
        """Return the subnets of a balancer, internal or not."""
        return list((balancer.internal and self.internal_subnet_ids) or self.subnet_ids)

    def ready(self, balancer: Balancer) -> list[ITerraformDependable]:
        """Return what must exist before a balancer.

        On the way down, clients are shut out only once the balancer, and DNS before it, is gone.
        """
        logs = self.log_bucket_ready if balancer.log_prefix else ()
        return [*self.network_ready, *self.opened, *logs]
