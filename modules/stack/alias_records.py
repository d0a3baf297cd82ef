"""Route 53 alias records: what makes the world see a site, and so the last to exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modules.plan.names import address
from modules.plan.records import AliasRecord
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    Route53Record,
    Route53RecordAlias,
    Route53RecordWeightedRoutingPolicy,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.load_balancer import FrontDoor
from modules.stack.surroundings import Surroundings


class AliasRecords(Construct):
    """An A record, and AAAA with IPv6, for each of a site's names.

    An A record can't hold a balancer's addresses, which change; an alias follows them. With two
    front doors the record stays the same one, as Route 53 takes no weighted one beside it: it
    leads to `_portico-<kinds>.<name>`, whose records share the answers between the doors. A door of
    another kind makes other records, so that DNS leaves the door that goes with the one record.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        doors: Sequence[FrontDoor],
        surroundings: Surroundings,
        *,
        after: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, node_id)
        self._doors = doors
        self._zone_ids = surroundings.zone_ids
        self._zone_providers = surroundings.zone_providers
        self._after = after
        self.records = [
            made
            for record in doors[0].site.alias_records
            for type_ in record.types
            for made in self._of(record, type_)
        ]

    def _of(self, record: AliasRecord, type_: str) -> Iterator[Route53Record]:
        door, *more = self._doors
        if not more:
            yield self._alias(record, type_, _leads_to(door.dns_name, door.zone_id), [])
            return
        shares = [self._share(record, type_, each) for each in self._doors]
        yield from shares
        shared = _leads_to(self._shared_name(record), self._zone_ids[record.zone])
        yield self._alias(record, type_, shared, shares)

    def _alias(
        self,
        record: AliasRecord,
        type_: str,
        alias: Route53RecordAlias,
        shares: Sequence[Route53Record],
    ) -> Route53Record:
        return at(
            address(record.name, type_),
            Route53Record(
                self,
                f"{record.name}-{type_}",
                zone_id=self._zone_ids[record.zone],
                name=record.name,
                type=type_,
                alias=alias,
                depends_on=[*self._after, *shares],
                provider=self._zone_providers.get(record.zone),
            ),
        )

    def _share(self, record: AliasRecord, type_: str, door: FrontDoor) -> Route53Record:
        kind = _kind_of(door)
        return at(
            address(record.name, type_, kind),
            Route53Record(
                self,
                f"{record.name}-{type_}-{kind}",
                zone_id=self._zone_ids[record.zone],
                name=self._shared_name(record),
                type=type_,
                set_identifier=kind,
                weighted_routing_policy=Route53RecordWeightedRoutingPolicy(
                    weight=door.front.weight or 0
                ),
                alias=_leads_to(door.dns_name, door.zone_id),
                lifecycle=FIRST_MADE,
                provider=self._zone_providers.get(record.zone),
            ),
        )

    def _shared_name(self, record: AliasRecord) -> str:
        return f"_portico-{'-'.join(sorted(map(_kind_of, self._doors)))}.{record.name}"


def _kind_of(door: FrontDoor) -> str:
    return str(door.front.balancer.kind)


def _leads_to(name: str, zone_id: str) -> Route53RecordAlias:
    """Return the target of an alias."""
    return Route53RecordAlias(name=name, zone_id=zone_id, evaluate_target_health=True)
