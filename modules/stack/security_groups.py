"""Who may reach whom: clients the balancers, balancers the servers' site ports, nobody else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from modules.fleet.addresses import PortRange
from modules.plan.records import Plan
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    SecurityGroup,
    SecurityGroupRule,
    TerraformResourceLifecycle,
)

BALANCERS = "balancers"
CLIENT_PORTS = (80, 443)


class BalancerGroup(Construct):
    """The one security group of all balancers, open to clients on 80 and 443."""

    def __init__(self, scope: Construct, node_id: str, plan: Plan, *, vpc_id: str) -> None:
        super().__init__(scope, node_id)
        group = at(
            BALANCERS,
            SecurityGroup(
                self,
                "group",
                name=plan.balancer_group,
                description="Load balancers of the fleet",
                vpc_id=vpc_id,
                tags={**plan.tags, "Name": plan.balancer_group},
            ),
        )
        self.group_id = group.id
        self.openings = [
            Opening(self, f"{BALANCERS}__{port}", group.id, cidr, port).rule
            for cidr in plan.allow
            for port in CLIENT_PORTS
        ]


class Opening(Construct):
    """A port that one range of addresses may reach.

    A rule a range: so that a changed list of ranges replaces no rule that stays.
    """

    def __init__(self, scope: Construct, address: str, group_id: str, cidr: str, port: int) -> None:
        super().__init__(scope, f"{address}__{cidr}")
        version = ipaddress.ip_network(cidr).version
        self.rule = at(
            f"{address}__{re.sub('[.:]', '-', cidr).replace('/', '_')}",
            SecurityGroupRule(
                self,
                "rule",
                security_group_id=group_id,
                type="ingress",
                protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_blocks=[cidr] if version == 4 else None,  # noqa: PLR2004 - IPv4
                ipv6_cidr_blocks=[cidr] if version == 6 else None,  # noqa: PLR2004 - IPv6
            ),
        )


class ServerRules(Construct):
    """What the balancers may reach on one security group of servers: the sites' ports.

    A rule is known by its first port, so that a site added at the end of a range replaces one rule.
    Each rule is made before its predecessor is gone and after the rule above it: a range that is
    split or merged leaves no port shut in between.
    """

    def __init__(
        self,
        scope: Construct,
        address: str,
        *,
        group_id: str,
        balancer_group_id: str,
        ranges: Sequence[PortRange],
    ) -> None:
        super().__init__(scope, address)
        egress = at(
            f"{BALANCERS}__{address}",
            SecurityGroupRule(
                self,
                "egress",
                security_group_id=balancer_group_id,
                source_security_group_id=group_id,
                type="egress",
                protocol="-1",
                from_port=0,
                to_port=0,
            ),
        )
        ingress: list[SecurityGroupRule] = []
        for ports in reversed(ranges):
            rule = SecurityGroupRule(
                self,
                str(ports.first),
                security_group_id=group_id,
                source_security_group_id=balancer_group_id,
                type="ingress",
                protocol="tcp",
                from_port=ports.first,
                to_port=ports.last,
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
                depends_on=ingress[-1:] or None,
            )
            ingress.append(at(f"{address}__{ports.first}", rule))
        self.rules = [egress, *ingress]
        """Both directions: without either no balancer reaches Apache."""
