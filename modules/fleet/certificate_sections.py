"""Certificates as the fleet file names them: requested, imported, existing, or owned by several."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from modules.fleet import choices
from modules.fleet.aws import CertificateArn
from modules.fleet.domains import CertifiedName
from modules.fleet.names import CertificateName
from modules.fleet.paths import KeyFile
from modules.fleet.section import Section


class Acm(Section):
    """A certificate to request from ACM."""

    names: tuple[CertifiedName, ...] | None = Field(
        default=None,
        min_length=1,
        description="Names on the certificate, `*.example.com` among them; those of the site when "
        "left out. They cover every name of each site that uses it.",
    )
    key_algorithm: Literal["RSA_2048", "EC_prime256v1", "EC_secp384r1"] = Field(
        default="RSA_2048",
        description="ACM's key algorithm. Clients of old know RSA alone, and a `classic` balancer "
        "takes no other from ACM.",
    )
    validation: Literal["dns", "manual"] = Field(
        default="dns",
        description="`dns`: Portico makes the validation records in Route 53; `manual`: they are "
        "outputs, for DNS that lives elsewhere.",
    )
    wait: bool = Field(
        default=True,
        description="Whether an apply waits until a certificate with `manual` validation is "
        "issued, 75 minutes at most; else a listener made before that fails.",
    )


class Pem(Section):
    """Files of a certificate that the team has: PEM, read by Terraform."""

    certificate: KeyFile = Field(
        description="The certificate, with the chain below it or alone: `~/…`, absolute, or "
        "relative to the fleet file's folder."
    )
    private_key: KeyFile = Field(
        description="Its private key, not encrypted. It will be in Terraform's state."
    )
    chain: KeyFile | None = Field(
        default=None,
        description="Intermediate certificates, the issuer's first; of an authority of your own "
        "its root too, last.",
    )


class RequestedCertificate(Section):
    """A certificate that Portico requests from ACM."""

    acm: Acm = Field(description="Requested from ACM and validated by DNS.")


class ImportedCertificate(Section):
    """A certificate that the team has, imported into ACM."""

    acm_import: Pem = Field(description="PEM files, imported into ACM.")


class IamCertificate(Section):
    """A certificate that the team has, uploaded to IAM."""

    iam: Pem = Field(description="PEM files, uploaded to IAM as a server certificate.")


class ArnCertificate(Section):
    """A certificate that exists, in ACM (of the fleet's region) or IAM."""

    arn: CertificateArn = Field(description="ARN of an ACM or IAM server certificate.")


class NamedCertificate(Section):
    """A certificate of `certificates`, which several sites may use."""

    use: CertificateName = Field(description="A key of `certificates`.")


OwnedCertificate = Annotated[
    Annotated[RequestedCertificate, Tag("acm")]
    | Annotated[ImportedCertificate, Tag("acm_import")]
    | Annotated[IamCertificate, Tag("iam")]
    | Annotated[ArnCertificate, Tag("arn")],
    Discriminator(choices.owned_certificate),
]
"""An entry of `certificates`."""

Certificate = Annotated[
    Annotated[Literal["acm"], Tag("acm word")]
    | Annotated[RequestedCertificate, Tag("acm")]
    | Annotated[ImportedCertificate, Tag("acm_import")]
    | Annotated[IamCertificate, Tag("iam")]
    | Annotated[ArnCertificate, Tag("arn")]
    | Annotated[NamedCertificate, Tag("use")],
    Discriminator(choices.certificate),
]
"""A site's `certificate`."""
