"""Who may reach whom: clients the balancers, balancers the servers' site ports, nobody else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modules.fleet.addresses import PortRange
from modules.plan.names import address
from modules.plan.records import Balancer, Plan
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    SecurityGroup,
    SecurityGroupRule,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.surroundings import Surroundings

BALANCERS = "balancers"
CLIENTS = "clients"
CLIENT_PORTS = (80, 443)


class BalancerGroup(Construct):
    """The security group that all balancers are in: what servers let in, and where it may go."""

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


@dataclass(frozen=True, slots=True)
class Clients:
    """Ranges of addresses that may reach balancers, and what their group is called."""

    address: str
    name: str
    ranges: Sequence[str]
    tags: Mapping[str, str]


class ClientGroup(Construct):
    """A security group of balancers: clients may reach them on 80 and 443."""

    def __init__(self, scope: Construct, node_id: str, clients: Clients, *, vpc_id: str) -> None:
        super().__init__(scope, node_id)
        group = at(
            clients.address,
            SecurityGroup(
                self,
                "group",
                name=clients.name,
                description="Clients of load balancers",
                vpc_id=vpc_id,
                tags={**clients.tags, "Name": clients.name},
            ),
        )
        self.group_id = group.id
        self.openings: Sequence[ITerraformDependable] = [
            Opening(self, f"{clients.address}__{port}", group.id, cidr, port).rule
            for cidr in clients.ranges
            for port in CLIENT_PORTS
        ]


def clients_of(scope: Construct, balancer: Balancer, surroundings: Surroundings) -> Surroundings:
    """Return the balancer's surroundings, with a group of its own where it has ranges of its own.

    The balancers of one site have the same ranges, and so one group.
    """
    if balancer.client_group is None or balancer.allow is None:
        return surroundings
    clients = Clients(
        address(balancer.key, CLIENTS), balancer.client_group, balancer.allow, balancer.tags
    )
    group = ClientGroup(scope, CLIENTS, clients, vpc_id=surroundings.vpc_id)
    return replace(surroundings, client_group_id=group.group_id, opened=group.openings)


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

    A rule is known by its first port; sites that come and go change none. Each rule is made before
    its predecessor is gone and after the rule above it: a range that is split, as a port in it is
    reserved, leaves no port shut in between.
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
                lifecycle=FIRST_MADE,
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
                lifecycle=FIRST_MADE,
                depends_on=ingress[-1:] or None,
            )
            ingress.append(at(f"{address}__{ports.first}", rule))
        self.rules = [egress, *ingress]
        """Both directions: without either no balancer reaches Apache.

        They go once what has gone behind them is drained, so that they are made first as well.
        """
