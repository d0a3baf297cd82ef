"""What load balancers of all kinds have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from modules.plan.records import Site
from modules.stack.bindings import Construct, ITerraformDependable
from modules.stack.surroundings import Surroundings


class LoadBalancer(Construct):
    """A load balancer of a site's own: TLS on 443, re-encrypted to the site's port on each server.

    The kinds are built in the same order: balancer, targets, listeners.
    """

    dns_name: str
    zone_id: str
    """Of the balancer's own DNS name, for alias records."""
    serving: Sequence[ITerraformDependable]
    """What must exist before the world is sent here."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        site: Site,
        *,
        certificate_arn: str,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, node_id)
        self._site = site
        self._certificate_arn = certificate_arn
        self._surroundings = surroundings
        # On the way down, clients are shut out only once the balancer, and DNS before it, is gone.
        self._reachable = [*surroundings.network_ready, *surroundings.opened]
        self._tags = {**site.tags, "Name": site.balancer.name}
        self._build()

    @abstractmethod
    def _build(self) -> None:
        """Make what the kind is made of, and set `dns_name`, `zone_id` and `serving`."""
