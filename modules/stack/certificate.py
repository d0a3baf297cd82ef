"""A site's certificate: requested from ACM and validated by DNS."""

from __future__ import annotations

from collections.abc import Mapping

from modules.plan.names import address
from modules.plan.records import RequestedCertificate, ValidationRecord
from modules.stack.addressing import at
from modules.stack.bindings import (
    AcmCertificate,
    AcmCertificateValidation,
    Construct,
    Route53Record,
    TerraformResourceLifecycle,
)
from modules.stack.expressions import interpolated, quoted


class Certificate(Construct):
    """A certificate over all of a site's names; `arn` waits for its validation."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        certificate: RequestedCertificate,
        *,
        zone_ids: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, node_id)
        domain, *others = certificate.names
        requested = at(
            address(domain),
            AcmCertificate(
                self,
                "certificate",
                domain_name=domain,
                # Left out it would mean "as it is": the last alias would stay on the certificate.
                subject_alternative_names=others,
                validation_method="DNS",
                # A listener uses the old one until the new one is valid.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
                tags={**tags, "Name": domain},
            ),
        )
        records = [
            self._validation_record(requested, validation, zone_ids[validation.zone])
            for validation in certificate.validations
        ]
        validated = at(
            address(domain),
            AcmCertificateValidation(
                self,
                "validation",
                certificate_arn=requested.arn,
                validation_record_fqdns=[record.fqdn for record in records],
            ),
        )
        self.arn = validated.certificate_arn

    def _validation_record(
        self, certificate: AcmCertificate, validation: ValidationRecord, zone_id: str
    ) -> Route53Record:
        def option(attribute: str) -> str:
            # `x` and `*.x` have two options with one record.
            return interpolated(
                f"one(distinct([for option in {certificate.fqn}.domain_validation_options : "
                f"option.{attribute} "
                f'if trimprefix(option.domain_name, "*.") == {quoted(validation.name)}]))'
            )

        return at(
            address(validation.name, "validation"),
            Route53Record(
                self,
                validation.name,
                zone_id=zone_id,
                name=option("resource_record_name"),
                type=option("resource_record_type"),
                records=[option("resource_record_value")],
                ttl=300,
                # The record of a name is the same for all of an account's certificates.
                allow_overwrite=True,
            ),
        )
