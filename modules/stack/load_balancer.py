"""What load balancers of all kinds have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from modules.plan.records import Balancer, Front, Site
from modules.stack.bindings import Construct, ITerraformDependable
from modules.stack.surroundings import Surroundings


class FrontDoor(Construct):
    """A balancer in its part as one site's front door, whoever else it serves.

    All of it is made before what it replaces goes, so that DNS can move in between. None of it
    needs a release of Apache, which is replaced the other way round: until Apache serves the site,
    the health check keeps requests away.
    """

    dns_name: str
    zone_id: str
    """Of the balancer's own DNS name, for alias records."""
    dimensions: Mapping[str, str]
    """By which CloudWatch knows it."""
    attached: Sequence[ITerraformDependable]
    """The servers' targets."""
    serving: Sequence[ITerraformDependable]
    """What must exist before the world is sent here, targets too."""

    def __init__(
        self, scope: Construct, node_id: str, site: Site, front: Front, surroundings: Surroundings
    ) -> None:
        super().__init__(scope, node_id)
        self.site = site
        self.front = front
        self._surroundings = surroundings
        self._build()

    @property
    def settling(self) -> int:
        """Seconds until it has found a server healthy, at most."""
        return self.front.health_check.found_healthy

    @property
    def joining(self) -> int:
        """Seconds until it has found a server healthy that it did not know, at most."""
        return self.settling

    @abstractmethod
    def _build(self) -> None:
        """Make what the kind is made of, and set what a front door has."""


class LoadBalancer(FrontDoor):
    """A load balancer of a site's own: TLS on 443, re-encrypted to the site's port on each server.

    The kinds are built in the same order: targets, balancer, listeners.
    """

    @property
    def _balancer(self) -> Balancer:
        return self.front.balancer

    @property
    def _certificate_arn(self) -> str:
        return self._surroundings.certificate_arn(self.site.certificate)


def tags_of(balancer: Balancer) -> dict[str, str]:
    """Return the tags of the balancer itself."""
    return {**balancer.tags, "Name": balancer.name}
