"""Which certificate each site presents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modules.fleet.certificate_sections import (
    Acm,
    NamedCertificate,
    OwnedCertificate,
    RequestedCertificate,
)
from modules.fleet.model import Site
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject


@dataclass(frozen=True, slots=True)
class Use:
    """A site with the certificate that it presents."""

    path: KeyPath
    site: Site
    certificate: OwnedCertificate
    own: bool
    """Whether the site itself says which, rather than `defaults`."""


def uses(subject: Subject) -> Iterator[Use]:
    """Each site whose certificate is known, as far as that is free of problems already told."""
    for path, site in subject.sites.items():
        said = subject.setting(path, "certificate")
        if subject.doubtful_below((*path, "certificate")) or subject.doubtful_below(said):
            continue
        certificate: OwnedCertificate | None
        match site.certificate:
            case "acm":
                certificate = RequestedCertificate(acm=Acm())
            case NamedCertificate(use=name):
                certificate = subject.file.certificates.get(name)
            case owned:
                certificate = owned
        if certificate is not None:
            yield Use(path, site, certificate, own=said[0] == "sites")
