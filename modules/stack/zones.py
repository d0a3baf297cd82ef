"""Route 53 zones: looked up by name, named by id, or created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modules.plan.names import address
from modules.plan.records import Zone
from modules.stack.addressing import at
from modules.stack.bindings import Construct, DataAwsRoute53Zone, Route53Zone, TerraformOutput


class Zones(Construct):
    """The ids of all zones that the fleet's names lie in, by the plan's key."""

    def __init__(
        self, scope: Construct, node_id: str, zones: Iterable[Zone], *, tags: Mapping[str, str]
    ) -> None:
        super().__init__(scope, node_id)
        self._tags = tags
        self.ids: Mapping[str, str] = {zone.key: self._id(zone) for zone in zones}

    def _id(self, zone: Zone) -> str:
        if zone.zone_id:
            return zone.zone_id
        if not zone.create:
            found = DataAwsRoute53Zone(self, zone.name, name=zone.name, private_zone=False)
            return at(address(zone.name), found).zone_id
        created = at(
            address(zone.name),
            Route53Zone(self, zone.name, name=zone.name, tags={**self._tags, "Name": zone.name}),
        )
        at(
            address(zone.name, "name_servers"),
            TerraformOutput(
                self,
                f"{zone.name}-name-servers",
                value=created.name_servers,
                description=f"Name servers of {zone.name}, to be entered at its registrar",
            ),
        )
        return created.zone_id
