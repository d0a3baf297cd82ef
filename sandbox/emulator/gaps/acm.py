"""What moto's ACM lacks: an issuer, and DNS validation."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from typing import Any

from moto.acm import models
from moto.acm.models import CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.responses import ActionResult
from moto.route53.models import route53_backends

from sandbox.authority import Authority
from sandbox.emulator.gaps.replacing import replace

proved_elsewhere: set[str] = set()
"""Names whose validation records stand in DNS outside Route 53."""

_RSA = "RSA_2048"
_algorithm: ContextVar[str] = ContextVar("key algorithm of the request", default=_RSA)


def fill(authority: Authority) -> None:
    def generate(
        domain_name: str,
        account_id: str,
        region: str,
        sans: list[str] | None = None,
        cert_authority_arn: str | None = None,
    ) -> CertBundle:
        names = list(dict.fromkeys([domain_name, *(sans or [])]))
        issued = authority.issue(names, algorithm=_algorithm.get())
        return CertBundle(
            certificate=issued.certificate,
            private_key=issued.key,
            chain=issued.chain,
            cert_type="AMAZON_ISSUED",
            cert_status="PENDING_VALIDATION",
            cert_authority_arn=cert_authority_arn,
            account_id=account_id,
            region=region,
        )

    # moto signs with the certificate's own key, for any issuer.
    replace(CertBundle, "generate_cert", staticmethod(generate))
    # moto makes every key RSA 2048.
    replace(AWSCertificateManagerResponse, "request_certificate", _request)
    # moto appends one of Amazon's roots to every chain.
    replace(models, "AWS_ROOT_CA", b"")
    # moto looks at the clock: issued a minute after the request, whatever DNS says.
    replace(CertBundle, "check", _check)
    # moto asks all names for one record, which no other name's owner could tell from it.
    replace(CertBundle, "describe", _describe)


def chain_of(bundle: CertBundle) -> bytes:
    """Return the chain that the certificate came with."""
    return bundle.chain


_moto_request = AWSCertificateManagerResponse.request_certificate


def _request(response: AWSCertificateManagerResponse) -> ActionResult:
    _algorithm.set(response._get_param("KeyAlgorithm", _RSA))  # noqa: SLF001 - for subclasses
    return _moto_request(response)


def _check(bundle: CertBundle) -> None:
    if bundle.status == "PENDING_VALIDATION" and _is_validated(bundle):
        bundle.status = "ISSUED"


_moto_describe = CertBundle.describe


def _describe(bundle: CertBundle) -> dict[str, Any]:
    """Tell a record for each name that is always the same in an account, and shared with `*.name`.

    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """
    described = _moto_describe(bundle)
    account = bundle.arn.split(":")[4]
    for option in described["Certificate"].get("DomainValidationOptions", ()):
        name = option["DomainName"].removeprefix("*.")
        proof = hashlib.sha256(f"{account} {name}".encode()).hexdigest()
        option["ResourceRecord"] = {
            "Name": f"_{proof[:32]}.{name}.",
            "Type": "CNAME",
            "Value": f"_{proof[32:]}.sandboxed.acm-validations.aws.",
        }
    return described


def _is_validated(bundle: CertBundle) -> bool:
    """Whether the public zones of all accounts answer for each name as DNS validation asks."""
    held = {
        (_bare(record.name), _bare(value))
        for account in list(route53_backends.values())
        for backend in list(account.values())
        for zone in backend.zones.values()
        if not zone.private_zone
        for record in zone.rrsets
        if record.type == "CNAME"
        for value in record.records or ()
    }
    options = bundle.describe()["Certificate"]["DomainValidationOptions"]
    wanted = (
        option["ResourceRecord"]
        for option in options
        if option["DomainName"] not in proved_elsewhere
    )
    return held.issuperset((_bare(each["Name"]), _bare(each["Value"])) for each in wanted)


def _bare(name: str) -> str:
    return name.lower().removesuffix(".")
