"""The network: one that the team has, or a VPC over two zones with routes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modules.plan.records import ExistingNetwork, NewNetwork
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
    DataAwsSubnet,
    InternetGateway,
    ITerraformDependable,
    Route,
    RouteTable,
    RouteTableAssociation,
    Subnet,
    TerraformResourceLifecycle,
    Vpc,
)
from modules.stack.expressions import interpolated

ADDRESS = "network"


class Network(Construct):
    """What balancers and servers need of a network, whoever made it."""

    vpc_id: str
    subnet_ids: Sequence[str]
    internal_subnet_ids: Sequence[str]
    """Of internal balancers."""
    balancer_cidrs: Sequence[str]
    """IPv4 ranges of all subnets with balancers: where requests to Apache come from."""
    ready: Sequence[ITerraformDependable] = ()
    """What must exist before anything in the network can be reached from the internet."""


class GivenNetwork(Network):
    """A VPC and subnets that the team has; `internal` says whether a balancer is."""

    def __init__(
        self, scope: Construct, node_id: str, network: ExistingNetwork, *, internal: bool
    ) -> None:
        super().__init__(scope, node_id)
        self.vpc_id = network.vpc
        self.subnet_ids = network.subnets
        self.internal_subnet_ids = network.internal_subnets
        used = {*network.subnets, *(network.internal_subnets if internal else ())}
        subnets = [at(id_, DataAwsSubnet(self, id_, id=id_)) for id_ in sorted(used)]
        self.balancer_cidrs = [subnet.cidr_block for subnet in subnets]


class CreatedNetwork(Network):
    """A VPC with a public subnet in each of two zones.

    It has IPv6 even while no site does, so that the first one that does changes nothing shared.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        network: NewNetwork,
        *,
        name: str,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, node_id)
        self._tags = {**tags, "Name": name}
        self._vpc = at(
            ADDRESS,
            Vpc(
                self,
                "vpc",
                cidr_block=network.cidr,
                enable_dns_support=True,
                enable_dns_hostnames=True,
                assign_generated_ipv6_cidr_block=True,
                tags=self._tags,
            ),
        )
        subnets = self._subnets(network, name)
        self.vpc_id = self._vpc.id
        self.subnet_ids = self.internal_subnet_ids = [subnet.id for subnet in subnets]
        self.balancer_cidrs = network.subnets
        self.ready = self._routes_out(subnets)

    def _subnets(self, network: NewNetwork, name: str) -> list[Subnet]:
        # Local and Wavelength zones, which take no balancers of ours, have to be opted into.
        zones = at(
            ADDRESS,
            DataAwsAvailabilityZones(
                self,
                "zones",
                state="available",
                filter=[
                    DataAwsAvailabilityZonesFilter(
                        name="opt-in-status", values=["opt-in-not-required"]
                    )
                ],
            ),
        )
        return [
            at(
                f"{ADDRESS}__{place}",
                Subnet(
                    self,
                    place,
                    vpc_id=self._vpc.id,
                    cidr_block=cidr,
                    ipv6_cidr_block=interpolated(
                        f"cidrsubnet(aws_vpc.{ADDRESS}.ipv6_cidr_block, 8, {index})"
                    ),
                    availability_zone=interpolated(f"{zones.fqn}.names[{index}]"),
                    # A region that gains a zone must not move the subnets.
                    lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
                    tags={**self._tags, "Name": f"{name}-{place}"},
                ),
            )
            for index, (place, cidr) in enumerate(
                zip(("first", "second"), network.subnets, strict=True)
            )
        ]

    def _routes_out(self, subnets: Sequence[Subnet]) -> list[ITerraformDependable]:
        gateway = at(
            ADDRESS,
            InternetGateway(self, "gateway", vpc_id=self._vpc.id, tags=self._tags),
        )
        table = at(ADDRESS, RouteTable(self, "routes", vpc_id=self._vpc.id, tags=self._tags))
        ipv4 = at(
            f"{ADDRESS}__ipv4",
            Route(
                self,
                "ipv4",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=gateway.id,
            ),
        )
        ipv6 = at(
            f"{ADDRESS}__ipv6",
            Route(
                self,
                "ipv6",
                route_table_id=table.id,
                destination_ipv6_cidr_block="::/0",
                gateway_id=gateway.id,
            ),
        )
        associations = [
            at(
                f"{ADDRESS}__{subnet.node.id}",
                RouteTableAssociation(
                    self,
                    f"{subnet.node.id}-routes",
                    subnet_id=subnet.id,
                    route_table_id=table.id,
                ),
            )
            for subnet in subnets
        ]
        return [ipv4, ipv6, *associations]
