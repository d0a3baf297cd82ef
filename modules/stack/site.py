"""All of one site in Terraform: certificate, balancer, alias records, outputs."""

from __future__ import annotations

from collections.abc import Mapping

from modules.plan.names import address
from modules.plan.records import BalancerKind, ExistingCertificate, RequestedCertificate
from modules.plan.records import Site as SiteRecord
from modules.stack.addressing import at
from modules.stack.alias_records import AliasRecords
from modules.stack.application_load_balancer import ApplicationLoadBalancer
from modules.stack.bindings import Construct, TerraformOutput
from modules.stack.certificate import Certificate
from modules.stack.classic_load_balancer import ClassicLoadBalancer
from modules.stack.load_balancer import LoadBalancer
from modules.stack.surroundings import Surroundings

BALANCERS: Mapping[BalancerKind, type[LoadBalancer]] = {
    BalancerKind.APPLICATION: ApplicationLoadBalancer,
    BalancerKind.CLASSIC: ClassicLoadBalancer,
}


class Site(Construct):
    """A domain with its own certificate and balancer.

    The order of change is Apache, balancer, DNS; Terraform removes the other way round.
    """

    def __init__(
        self, scope: Construct, node_id: str, site: SiteRecord, surroundings: Surroundings
    ) -> None:
        super().__init__(scope, node_id)
        match site.certificate:
            case RequestedCertificate() as requested:
                self.certificate_arn = Certificate(
                    self,
                    "certificate",
                    requested,
                    zone_ids=surroundings.zone_ids,
                    tags=site.tags,
                ).arn
            case ExistingCertificate(arn):
                self.certificate_arn = arn
        self.balancer = BALANCERS[site.balancer.kind](
            self,
            "balancer",
            site,
            certificate_arn=self.certificate_arn,
            surroundings=surroundings,
        )
        AliasRecords(
            self,
            "aliases",
            site.alias_records,
            balancer=self.balancer,
            zone_ids=surroundings.zone_ids,
        )
        at(
            address(site.domain),
            TerraformOutput(
                self,
                "output",
                value={
                    "balancer": self.balancer.dns_name,
                    "certificate": self.certificate_arn,
                    "port": site.port,
                },
                description=f"Balancer, certificate and Apache's port of {site.domain}",
            ),
        )
