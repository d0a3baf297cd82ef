"""Which certificate each site presents, and what proves it to ACM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modules.fleet import Fleet, model
from modules.plan import dns, names, records
from modules.plan.tags import site_tags, tags_of

_FINGERPRINT = 12


def certificate_of(fleet: Fleet, site: model.Site) -> records.Certificate:
    """Return the certificate that the site's balancers present."""
    choice = site.certificate
    if isinstance(choice, model.NamedCertificate):
        return _certificate(
            fleet, fleet.certificates[choice.use], key=choice.use, site=None, tags=tags_of(fleet)
        )
    owned = model.RequestedCertificate(acm=model.Acm()) if choice == "acm" else choice
    return _certificate(fleet, owned, key=site.domain, site=site, tags=site_tags(fleet, site))


def identity(certificate: records.Certificate) -> str:
    """Return what changes with the certificate's ARN."""
    match certificate:
        case records.RequestedCertificate(key, names=asked, key_algorithm=algorithm):
            return " ".join((key, *asked, algorithm or ""))
        case records.UploadedCertificate(key, service="acm", fingerprint=fingerprint):
            return f"{key} {fingerprint}"
        case records.UploadedCertificate():
            return certificate.name
        case records.ExistingCertificate(arn):
            return arn


def made(sites: tuple[records.Site, ...]) -> tuple[records.Certificate, ...]:
    """Return the certificates that are to be made, each once, by key."""
    found = {
        site.certificate.key: site.certificate
        for site in sites
        if not isinstance(site.certificate, records.ExistingCertificate)
    }
    return tuple(found[key] for key in sorted(found))


def validation_zones(
    fleet: Fleet, certificates: tuple[records.Certificate, ...]
) -> dict[str, records.Zone]:
    """Find the zone of each name that Portico validates."""
    return dns.public_zones(fleet, (name for _, name in _validated(certificates)))


def validation_records(
    certificates: tuple[records.Certificate, ...], zones: Mapping[str, records.Zone]
) -> tuple[records.ValidationRecord, ...]:
    """Return a record for each validated name, told by the first certificate that has it."""
    found: dict[str, records.ValidationRecord] = {}
    for certificate, name in _validated(certificates):
        record = records.ValidationRecord(name, zones[name].key, certificate.key)
        found.setdefault(name, record)
    return tuple(found[name] for name in sorted(found))


def _validated(
    certificates: tuple[records.Certificate, ...],
) -> Iterator[tuple[records.RequestedCertificate, str]]:
    for certificate in certificates:
        if isinstance(certificate, records.RequestedCertificate):
            for name in certificate.validated:
                yield certificate, name


def _certificate(
    fleet: Fleet,
    choice: model.OwnedCertificate,
    *,
    key: str,
    site: model.Site | None,
    tags: dict[str, str],
) -> records.Certificate:
    match choice:
        case model.ArnCertificate():
            return records.ExistingCertificate(choice.arn)
        case model.RequestedCertificate(acm=acm):
            first, *others = acm.names or (site.names if site else ())
            asked = (first, *sorted({*others} - {first}))
            manual = acm.validation == "manual"
            key_algorithm = None if acm.key_algorithm == "RSA_2048" else acm.key_algorithm
            return records.RequestedCertificate(
                key=key,
                generation=(names.digest(key, *asked, key_algorithm or ""),),
                names=asked,
                validated=() if manual else tuple(sorted({n.removeprefix("*.") for n in asked})),
                key_algorithm=key_algorithm,
                manual=manual,
                wait=acm.wait,
                tags=tags,
            )
        case model.ImportedCertificate(acm_import=pem):
            return _uploaded(fleet, pem, "acm", key, tags)
        case model.IamCertificate(iam=pem):
            return _uploaded(fleet, pem, "iam", key, tags)


def _uploaded(
    fleet: Fleet, pem: model.Pem, service: str, key: str, tags: dict[str, str]
) -> records.UploadedCertificate:
    facts = fleet.pems[pem]
    fingerprint = facts.fingerprint[:_FINGERPRINT]
    name = names.certificate_name(fleet.prefix, key, fingerprint, facts.chain)
    return records.UploadedCertificate(
        key=key,
        # ACM would exchange it in place, under the ARN that classic balancers hold.
        generation=names.certificate_generation(name) if service == "iam" else (fingerprint,),
        service=service,
        name=name,
        names=facts.names,
        fingerprint=fingerprint,
        certificate=pem.certificate,
        private_key=pem.private_key,
        chain=pem.chain,
        tags=tags,
    )
