"""Route 53 zones: looked up by name, named by id, or created; public, or of the VPC alone."""

from __future__ import annotations

from collections.abc import Mapping

from modules.plan.names import address
from modules.plan.records import Plan, Zone
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    DataAwsRoute53Zone,
    Route53Zone,
    Route53ZoneVpc,
    TerraformOutput,
    TerraformProvider,
)
from modules.stack.zone_providers import ZoneProviders


class Zones(Construct):
    """All zones that the fleet's names lie in, by the plan's key."""

    ids: Mapping[str, str]
    providers: Mapping[str, TerraformProvider]
    """Those of zones with a role: zones and records need them."""

    def __init__(self, scope: Construct, node_id: str, plan: Plan, *, vpc_id: str) -> None:
        super().__init__(scope, node_id)
        self._vpc_id = vpc_id
        self._tags = plan.tags
        self.providers = ZoneProviders(self, "providers", plan).by_zone
        self.ids = {zone.key: zone.zone_id or self._id_by_name(zone) for zone in plan.zones}

    def _id_by_name(self, zone: Zone) -> str:
        name = address(zone.name, *(["private"] if zone.private else []))
        if not zone.create:
            return self._found(zone, name).zone_id
        created = self._created(zone, name)
        if not zone.private:
            self._tell_name_servers(zone, created)
        return created.zone_id

    def _found(self, zone: Zone, name: str) -> DataAwsRoute53Zone:
        found = DataAwsRoute53Zone(
            self,
            zone.key,
            name=zone.name,
            private_zone=zone.private,
            # An account can have several private zones of one name, each of other VPCs.
            vpc_id=self._vpc_id if zone.private else None,
            provider=self.providers.get(zone.key),
        )
        return at(name, found)

    def _created(self, zone: Zone, name: str) -> Route53Zone:
        created = Route53Zone(
            self,
            zone.key,
            name=zone.name,
            vpc=[Route53ZoneVpc(vpc_id=self._vpc_id)] if zone.private else None,
            tags={**self._tags, "Name": zone.name},
            provider=self.providers.get(zone.key),
        )
        return at(name, created)

    def _tell_name_servers(self, zone: Zone, created: Route53Zone) -> None:
        output = TerraformOutput(
            self,
            f"{zone.key}-name-servers",
            value=created.name_servers,
            description=f"Name servers of {zone.name}, to be entered at its registrar",
        )
        at(address(zone.name, "name_servers"), output)
