"""The fleet's certificates, each once: requested from ACM, or the team's own in ACM or IAM.

Each is made before its predecessor goes, so that a listener has one of the two at any time.
"""

from __future__ import annotations

from collections.abc import Mapping

from modules.plan.names import address
from modules.plan.records import Plan, RequestedCertificate, UploadedCertificate
from modules.stack.addressing import at
from modules.stack.bindings import (
    AcmCertificate,
    AcmCertificateValidation,
    Construct,
    IamServerCertificate,
    TerraformLocal,
    TerraformOutput,
    TerraformProvider,
)
from modules.stack.expressions import interpolated, pem_certificates, pem_private_key
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.validation_records import ValidationRecords


class Certificates(Construct):
    """`arns` has the ARN of each by its key; all but one kind are issued when it is known.

    That kind is validated by hand, and not waited for.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        plan: Plan,
        *,
        zone_ids: Mapping[str, str],
        zone_providers: Mapping[str, TerraformProvider],
    ) -> None:
        super().__init__(scope, node_id)
        requested = [each for each in plan.certificates if isinstance(each, RequestedCertificate)]
        uploaded = [each for each in plan.certificates if isinstance(each, UploadedCertificate)]
        pending = {record.key: self._request(record) for record in requested}
        fqdns = ValidationRecords(
            self,
            "validation-records",
            [(record, pending[record.certificate]) for record in plan.validation_records],
            zone_ids=zone_ids,
            zone_providers=zone_providers,
        ).fqdns
        self.arns: Mapping[str, str] = {
            **{
                record.key: self._issued(record, pending[record.key], fqdns) for record in requested
            },
            **{record.key: self._upload(record) for record in uploaded},
        }

    # --- requested from ACM ------------------------------------------------------------------

    def _request(self, record: RequestedCertificate) -> AcmCertificate:
        name, *others = record.names
        return at(
            address(record.key, *record.generation),
            AcmCertificate(
                self,
                record.key,
                domain_name=name,
                # Left out it would mean "as it is": the last alias would stay on the certificate.
                subject_alternative_names=others,
                key_algorithm=record.key_algorithm,
                validation_method="DNS",
                lifecycle=FIRST_MADE,
                tags=_tags(record),
            ),
        )

    def _issued(
        self, record: RequestedCertificate, certificate: AcmCertificate, fqdns: Mapping[str, str]
    ) -> str:
        if record.manual:
            self._tell_records(record, certificate)
            if not record.wait:
                return certificate.arn
        validation = at(
            address(record.key, *record.generation),
            AcmCertificateValidation(
                self,
                f"{record.key}-validation",
                certificate_arn=certificate.arn,
                validation_record_fqdns=[fqdns[name] for name in record.validated] or None,
                lifecycle=FIRST_MADE,
            ),
        )
        return validation.certificate_arn

    def _tell_records(self, record: RequestedCertificate, certificate: AcmCertificate) -> None:
        options = f"{certificate.fqn}.domain_validation_options"
        fields = ", ".join(f"{word} = option.resource_record_{word}" for word in _RECORD)
        at(
            address(record.key, "validation_records"),
            TerraformOutput(
                self,
                f"{record.key}-validation-records",
                # `x` and `*.x` have two options with one record.
                value=interpolated(f"distinct([for option in {options} : {{{fields}}}])"),
                description=f"DNS records by which ACM validates the certificate {record.key}",
            ),
        )

    # --- the team's own ----------------------------------------------------------------------

    def _upload(self, record: UploadedCertificate) -> str:
        local = address(record.key, "certificates")
        at(
            local,
            TerraformLocal(self, f"{record.key}-certificates", interpolated(_chained(record))),
        )
        body = interpolated(f"local.{local}[0]")
        others = f"slice(local.{local}, 1, length(local.{local}))"
        chain = interpolated(f'length(local.{local}) > 1 ? join("\\n", {others}) : null')
        private_key = interpolated(pem_private_key(record.private_key))
        if record.service == "iam":
            uploaded = IamServerCertificate(
                self,
                record.key,
                name=record.name,
                certificate_body=body,
                certificate_chain=chain,
                private_key=private_key,
                lifecycle=FIRST_MADE,
                tags=_tags(record),
            )
            return at(address(record.key, *record.generation), uploaded).arn
        imported = AcmCertificate(
            self,
            record.key,
            certificate_body=body,
            certificate_chain=chain,
            private_key=private_key,
            lifecycle=FIRST_MADE,
            tags=_tags(record),
        )
        return at(address(record.key, *record.generation), imported).arn


_RECORD = ("name", "type", "value")
"""A DNS record, in ACM's words."""


def _chained(record: UploadedCertificate) -> str:
    """Return the expression of the certificate and, from whichever file, those of its chain."""
    own = pem_certificates(record.certificate)
    if record.chain is None:
        return own
    return f"concat(slice({own}, 0, 1), {pem_certificates(record.chain)})"


def _tags(record: RequestedCertificate | UploadedCertificate) -> dict[str, str]:
    return {**record.tags, "Name": record.key}
