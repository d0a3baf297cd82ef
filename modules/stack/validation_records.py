"""What proves the fleet's names to ACM: one record a name, whichever certificates hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modules.plan.names import address
from modules.plan.records import ValidationRecord
from modules.stack.addressing import at
from modules.stack.bindings import (
    AcmCertificate,
    Construct,
    Route53Record,
    TerraformProvider,
    TerraformResourceLifecycle,
)
from modules.stack.expressions import interpolated, quoted


class ValidationRecords(Construct):
    """A record for each name, with the certificate that tells it; `fqdns` has theirs by name."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        records: Iterable[tuple[ValidationRecord, AcmCertificate]],
        *,
        zone_ids: Mapping[str, str],
        zone_providers: Mapping[str, TerraformProvider],
    ) -> None:
        super().__init__(scope, node_id)
        self._zone_ids = zone_ids
        self._zone_providers = zone_providers
        self.fqdns: Mapping[str, str] = {
            record.name: self._record(record, certificate).fqdn for record, certificate in records
        }

    def _record(self, record: ValidationRecord, certificate: AcmCertificate) -> Route53Record:
        def option(attribute: str) -> str:
            # `x` and `*.x` have two options with one record.
            return interpolated(
                f"one(distinct([for option in {certificate.fqn}.domain_validation_options : "
                f"option.{attribute} "
                f'if trimprefix(option.domain_name, "*.") == {quoted(record.name)}]))'
            )

        return at(
            address(record.name, "validation"),
            Route53Record(
                self,
                record.name,
                zone_id=self._zone_ids[record.zone],
                name=option("resource_record_name"),
                type=option("resource_record_type"),
                records=[option("resource_record_value")],
                ttl=300,
                # The record of a name is the same for all of an account's certificates, so that it
                # may exist, and stays when the certificate that told it is replaced or goes.
                allow_overwrite=True,
                lifecycle=TerraformResourceLifecycle(
                    create_before_destroy=True, ignore_changes=["name", "type", "records"]
                ),
                provider=self._zone_providers.get(record.zone),
            ),
        )
