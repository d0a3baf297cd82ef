"""Route 53 alias records: what makes the world see a site, and so the last to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modules.plan.names import address
from modules.plan.records import AliasRecord
from modules.stack.addressing import at
from modules.stack.bindings import Construct, Route53Record, Route53RecordAlias
from modules.stack.load_balancer import LoadBalancer


class AliasRecords(Construct):
    """An A record, and AAAA with IPv6, for each of a site's names.

    An A record can't hold a balancer's addresses, which change; an alias follows them.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        records: Iterable[AliasRecord],
        *,
        balancer: LoadBalancer,
        zone_ids: Mapping[str, str],
    ) -> None:
        super().__init__(scope, node_id)
        for record in records:
            for type_ in record.types:
                at(
                    address(record.name, type_),
                    Route53Record(
                        self,
                        f"{record.name}-{type_}",
                        zone_id=zone_ids[record.zone],
                        name=record.name,
                        type=type_,
                        alias=Route53RecordAlias(
                            name=balancer.dns_name,
                            zone_id=balancer.zone_id,
                            evaluate_target_health=True,
                        ),
                        depends_on=list(balancer.serving),
                    ),
                )
