"""All of one site in Terraform: front doors, alias records, alarms, outputs."""

from __future__ import annotations

from collections.abc import Mapping

from modules.plan.names import address
from modules.plan.records import BalancerKind
from modules.plan.records import Site as SiteRecord
from modules.stack.addressing import at
from modules.stack.alarms import Alarms
from modules.stack.alias_records import AliasRecords
from modules.stack.application_load_balancer import ApplicationLoadBalancer
from modules.stack.bindings import Construct, TerraformOutput
from modules.stack.classic_load_balancer import ClassicLoadBalancer
from modules.stack.handover import Handover
from modules.stack.load_balancer import FrontDoor
from modules.stack.network_load_balancer import NetworkLoadBalancer
from modules.stack.security_groups import clients_of
from modules.stack.shared_load_balancer import SharedFrontDoor
from modules.stack.surroundings import Surroundings

DOORS: Mapping[BalancerKind, type[FrontDoor]] = {
    BalancerKind.APPLICATION: ApplicationLoadBalancer,
    BalancerKind.CLASSIC: ClassicLoadBalancer,
    BalancerKind.NETWORK: NetworkLoadBalancer,
    BalancerKind.SHARED: SharedFrontDoor,
}


class Site(Construct):
    """A domain with its front doors: its balancer, and the one it moves to.

    The order of change is Apache and balancer, DNS, and then what has gone; Terraform removes a
    whole site the other way round.
    """

    def __init__(
        self, scope: Construct, node_id: str, site: SiteRecord, surroundings: Surroundings
    ) -> None:
        super().__init__(scope, node_id)
        self._record = site
        self.certificate_arn = surroundings.certificate_arn(site.certificate)
        own = self._with_own_clients(surroundings)
        self.doors = [
            DOORS[front.balancer.kind](self, front.balancer.kind, site, front, own)
            for front in site.fronts
        ]
        self.balancer = self.doors[0]
        self._move(surroundings)
        Alarms(self, "alarms", self.doors, certificate_arn=self.certificate_arn)
        self._output()

    def _with_own_clients(self, surroundings: Surroundings) -> Surroundings:
        balancers = [front.balancer for front in self._record.fronts]
        own = [each for each in balancers if each.kind is not BalancerKind.SHARED]
        return clients_of(self, own[0], surroundings) if own else surroundings

    def _move(self, surroundings: Surroundings) -> None:
        handover = Handover(self, "handover", self.doors, released=surroundings.released)
        if not self._record.alias_records:
            handover.hold()
            return
        aliases = AliasRecords(self, "aliases", self.doors, surroundings, after=[handover.healthy])
        handover.drain(aliases.records)

    def _output(self) -> None:
        site = self._record
        told = {
            "balancer": self.balancer.dns_name,
            "certificate": self.certificate_arn,
            "port": site.port,
        }
        if len(self.doors) > 1:
            told["successor"] = self.doors[1].dns_name
        at(
            address(site.domain),
            TerraformOutput(
                self,
                "output",
                value=told,
                description=f"Balancer, certificate and Apache's port of {site.domain}",
            ),
        )
