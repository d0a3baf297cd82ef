"""The whole fleet as one Terraform stack."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modules.fleet import Fleet
from modules.plan import Plan, make_plan
from modules.plan.records import ExistingNetwork
from modules.stack.apache import ApacheConfiguration
from modules.stack.bindings import (
    App,
    AwsProvider,
    Construct,
    ITerraformDependable,
    TerraformStack,
    TerraformVariable,
)
from modules.stack.certificates import Certificates
from modules.stack.expressions import FLEET_DIR
from modules.stack.log_bucket import LogBucket
from modules.stack.membership import Membership
from modules.stack.network import CreatedNetwork, GivenNetwork, Network
from modules.stack.release import Release
from modules.stack.security_groups import (
    CLIENTS,
    BalancerGroup,
    ClientGroup,
    Clients,
    ServerRules,
)
from modules.stack.servers import Server
from modules.stack.shared_load_balancer import SharedLoadBalancer
from modules.stack.site import Site
from modules.stack.state import keep_state
from modules.stack.surroundings import Surroundings
from modules.stack.zones import Zones

PROVIDER_BELOW = 7
"""The AWS provider's next major version, which may have dropped an argument."""


class FleetStack(TerraformStack):
    """Network, servers, releases, zones, certificates and sites of a fleet.

    The JSON holds one path, and no absolute one: how the stack's folder sees the fleet file's.
    """

    def __init__(self, scope: Construct, fleet: Fleet | Plan) -> None:
        plan = fleet if isinstance(fleet, Plan) else make_plan(fleet)
        super().__init__(scope, plan.fleet)
        self.plan = plan
        fleet_dir = _fleet_dir(App.of(self).outdir, plan)
        AwsProvider(self, "aws", region=plan.region)
        # The bindings pin the one version that they were generated from.
        self.add_override(
            "terraform.required_providers.aws.version", f">= {plan.provider}, < {PROVIDER_BELOW}"
        )
        keep_state(self, plan.state, fleet_dir)
        TerraformVariable(
            self,
            FLEET_DIR,
            type="string",
            default=fleet_dir,
            description="The fleet file's folder, relative to this one",
        )
        self.network = self._network()
        self.balancer_group = BalancerGroup(self, "balancers", plan, vpc_id=self.network.vpc_id)
        self.servers = self._servers()
        rules = self._rules(self.servers.values())
        self.releases = self._releases(rules)
        released = [release.shipped for release in self.releases]
        membership = self._membership(rules)
        zones = Zones(self, "zones", plan, vpc_id=self.network.vpc_id)
        self.certificates = Certificates(
            self, "certificates", plan, zone_ids=zones.ids, zone_providers=zones.providers
        )
        log_bucket = LogBucket(self, "access-logs", plan)
        self.client_group = ClientGroup(
            self,
            CLIENTS,
            Clients(CLIENTS, plan.client_group, plan.allow, plan.tags),
            vpc_id=self.network.vpc_id,
        )
        around = Surroundings(
            vpc_id=self.network.vpc_id,
            subnet_ids=self.network.subnet_ids,
            balancer_group_id=self.balancer_group.group_id,
            client_group_id=self.client_group.group_id,
            instance_ids={server.target: server.instance_id for server in self.servers.values()},
            zone_ids=zones.ids,
            zone_providers=zones.providers,
            certificate_arns=self.certificates.arns,
            internal_subnet_ids=self.network.internal_subnet_ids,
            log_bucket=log_bucket.name,
            log_bucket_ready=log_bucket.ready,
            network_ready=self.network.ready,
            opened=self.client_group.openings,
            targets_ready=[membership.drained],
            released=released,
        )
        self.surroundings = replace(around, shared=self._shared_balancers(around))
        sites = Construct(self, "sites")
        self.sites: Mapping[str, Site] = {
            site.domain: Site(sites, site.domain, site, self.surroundings) for site in plan.sites
        }
        doors = [door for site in self.sites.values() for door in site.doors]
        membership.follow(doors, released=released)

    def _shared_balancers(self, around: Surroundings) -> Mapping[str, SharedLoadBalancer]:
        scope = Construct(self, "shared")
        sites = {site.domain: site for site in self.plan.sites}
        return {
            record.balancer.key: SharedLoadBalancer(
                scope, record.balancer.key, record, sites, around
            )
            for record in self.plan.shared_balancers
        }

    def _network(self) -> Network:
        network = self.plan.network
        if isinstance(network, ExistingNetwork):
            internal = any(balancer.internal for balancer in self.plan.balancers)
            return GivenNetwork(self, "network", network, internal=internal)
        return CreatedNetwork(self, "network", network, name=self.plan.fleet, tags=self.plan.tags)

    def _servers(self) -> Mapping[str, Server]:
        servers = Construct(self, "servers")
        return {
            record.name: Server(
                servers, record.name, record, network=self.network, tags=self.plan.tags
            )
            for record in self.plan.servers
        }

    def _rules(self, servers: Iterable[Server]) -> list[ITerraformDependable]:
        groups = {server.group_address: server.group_id for server in servers}
        scope = Construct(self, "rules")
        return [
            rule
            for address, group_id in groups.items()
            for rule in ServerRules(
                scope,
                address,
                group_id=group_id,
                balancer_group_id=self.balancer_group.group_id,
                ranges=self.plan.port_ranges,
            ).rules
        ]

    def _membership(self, rules: Sequence[ITerraformDependable]) -> Membership:
        fronts = [front for site in self.plan.sites for front in site.fronts]
        seconds = max((front.draining for front in fronts), default=0)
        return Membership(self, "membership", self.servers.values(), seconds=seconds, rules=rules)

    def _releases(self, rules: Sequence[ITerraformDependable]) -> Sequence[Release]:
        """One server after another: a release that fails on one stops the roll-out.

        With `rollout: {parallel: true}` none waits for another.
        """
        configuration = ApacheConfiguration(
            self, "apache", self.plan, trusted_proxies=self.network.balancer_cidrs
        )
        releases: list[Release] = []
        for server in self.servers.values():
            before = [] if self.plan.rollout.parallel else releases[-1:]
            releases.append(
                Release(
                    server,
                    "release",
                    server,
                    configuration=configuration,
                    after=[*(each.shipped for each in before), *rules, *server.ready],
                )
            )
        return releases


def _fleet_dir(outdir: str, plan: Plan) -> str:
    stack_folder = Path(outdir).resolve() / "stacks" / plan.fleet
    return Path(os.path.relpath(Path(plan.fleet_dir).resolve(), stack_folder)).as_posix()
