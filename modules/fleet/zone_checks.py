"""What the zones that a fleet file names, creates, or leaves to others contradict."""

from __future__ import annotations

from collections.abc import Iterator

from modules.fleet.certificate_sections import NamedCertificate, RequestedCertificate
from modules.fleet.domains import both_forms, lies_in, registrable_domain
from modules.fleet.model import Site
from modules.fleet.problems import Code, Problem, nearest, show, words
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject


def zones(subject: Subject) -> Iterator[Problem]:
    """Every site lies in its zone, and a zone's id belongs to one zone."""
    ids: dict[str, tuple[str, bool]] = {}
    for path, site in subject.sites.items():
        at = subject.setting(path, "zone")
        if site.zone_name and not lies_in(site.domain, site.zone_name):
            message = words(
                f"{both_forms(site.domain)} lies outside the zone {both_forms(site.zone_name)}",
                meant=registrable_domain(site.domain),
            )
            yield subject.problem(Code.OUTSIDE_ZONE, at, message)
        if site.zone_id is None:
            continue
        registrable = registrable_domain(site.domain)
        other, private = ids.setdefault(site.zone_id, (registrable, site.private_zone))
        if other != registrable:
            message = words(
                f"the zone {site.zone_id} cannot hold both {both_forms(other)} and "
                f"{both_forms(registrable)}",
            )
            yield subject.problem(Code.ZONES_CLASH, at, message)
        elif private != site.private_zone:
            message = words(
                f"the zone {site.zone_id} cannot be both public and private",
                cure="name the other zone by its own id, or by its name",
            )
            yield subject.problem(Code.PRIVATE_ZONE, at, message)


# --- created zones ---------------------------------------------------------------------------

_Zone = tuple[str, bool]
"""Its name, and whether it is private: there may be one of each."""


def created_zones(subject: Subject) -> Iterator[Problem]:
    """Every site with names in a created zone says so: with the last of them the zone goes."""
    created: dict[_Zone, Site] = {}
    for site in subject.sites.values():
        if site.creates_zone:
            created.setdefault((registrable_domain(site.domain), site.private_zone), site)
    names = [*subject.draft.sites.items(), *subject.draft.aliases.items()]
    told: set[tuple[KeyPath, _Zone]] = set()
    for path, name in names:
        at = path[:2]
        site = subject.sites[at]
        zone = (registrable_domain(name), site.private_zone)
        foreign = zone[0] != registrable_domain(site.domain)
        if (
            zone not in created
            or site.external_dns
            or (site.creates_zone and not foreign)
            or (site.zone_name not in (None, zone[0]) and lies_in(name, str(site.zone_name)))
            or (at, zone) in told
            or subject.doubtful((*at, "zone"), ("defaults", "zone"))
        ):
            continue
        told.add((at, zone))
        own = "zone" in subject.file.sites[subject.draft.sites[at]].model_fields_set
        place = (*at, "zone") if own and not foreign else path
        message = _goes_with(created[zone], site, name, foreign=foreign)
        yield subject.problem(Code.ZONES_CLASH, place, message, at_key=place == path)


def _goes_with(owner: Site, site: Site, name: str, *, foreign: bool) -> str:
    alias = f", an alias of {both_forms(site.domain)}," if name != site.domain else ""
    return words(
        f"{both_forms(name)}{alias} lies in the zone {both_forms(registrable_domain(name))}, which "
        f"{both_forms(owner.domain)} creates, and which would go with that site",
        cure="make the name a site of its own that says zone: create, or create the zone "
        "outside of Portico"
        if foreign
        else "say zone: create in both, or in neither",
    )


# --- DNS that lives elsewhere ----------------------------------------------------------------


def external_zones(subject: Subject) -> Iterator[Problem]:
    """Nothing of a site whose DNS lives elsewhere is asked of Route 53."""
    in_route_53 = {
        registrable_domain(site.domain) for site in subject.sites.values() if not site.external_dns
    }
    external = {
        registrable_domain(site.domain): site
        for site in subject.sites.values()
        if site.external_dns and registrable_domain(site.domain) not in in_route_53
    }
    for path, site in subject.sites.items():
        if site.external_dns:
            yield from _external_site(subject, path, site, in_route_53)
    for path, name in subject.draft.aliases.items():
        site = subject.sites[path[:2]]
        owner = external.get(registrable_domain(name))
        held = site.zone_name is not None and lies_in(name, site.zone_name)
        if owner and not site.external_dns and not held:
            message = words(
                f"{both_forms(name)}, an alias of {both_forms(site.domain)}, lies with "
                f"{both_forms(owner.domain)}, whose DNS lives elsewhere",
                cure="make it an alias of a site that says zone: external",
            )
            yield subject.problem(Code.EXTERNAL_ZONE, path, message)


def _external_site(
    subject: Subject, path: KeyPath, site: Site, in_route_53: set[str]
) -> Iterator[Problem]:
    if site.private_zone:
        message = words("a zone that lives elsewhere is none of the VPC's", cure="keep one of them")
        at = subject.setting(path, "private_zone")
        yield subject.problem(Code.EXTERNAL_ZONE, at, message)
    if site.successor and site.successor.weight:
        message = words(
            "the weight has no effect: DNS lives elsewhere",
            cure="leave it out, and weigh the two balancers there",
        )
        at = (*subject.setting(path, "successor"), "weight")
        yield subject.problem(Code.EXTERNAL_ZONE, at, message)
    certificate = site.certificate
    manual = "certificate: {acm: {validation: manual}}"
    if isinstance(certificate, NamedCertificate):
        if registrable_domain(site.domain) in in_route_53:
            return
        manual = f"acm: {{validation: manual}} in {show(certificate.use)} of certificates"
        certificate = subject.file.certificates.get(certificate.use, certificate)
    by_dns = certificate == "acm" or (
        isinstance(certificate, RequestedCertificate) and certificate.acm.validation == "dns"
    )
    if by_dns and not subject.doubtful((*path, "certificate"), ("defaults", "certificate")):
        message = words(
            f"the certificate of {both_forms(site.domain)} waits for a record in Route 53, and "
            "its DNS lives elsewhere",
            cure=f"say {manual}",
        )
        at = subject.setting(path, "zone")
        yield subject.problem(Code.EXTERNAL_ZONE, at, message)


# --- private zones ---------------------------------------------------------------------------


def private_zones(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.private_zone and not site.internal and not site.external_dns:
            message = words(
                "names that only the VPC sees would lead to public addresses",
                cure="say internal: true too, or leave private_zone out",
            )
            yield subject.problem(Code.PRIVATE_ZONE, subject.setting(path, "private_zone"), message)
        role = subject.file.zones.get(registrable_domain(site.domain))
        if site.private_zone and site.creates_zone and role is not None and role.role:
            message = words(
                "a private zone of another account needs that account's leave for the VPC, which "
                "nobody can give before the zone exists",
                cure="create it there, authorize the VPC, and name it by zone",
            )
            yield subject.problem(Code.PRIVATE_ZONE, subject.setting(path, "zone"), message)


# --- zones of which more is said -------------------------------------------------------------


def unused_zones(subject: Subject) -> Iterator[Problem]:
    """Warn of entries that no name, on a site or on a certificate, is in.

    Terraform needs the role of the last one to destroy its record: so it is no error.
    """
    if not subject.zones:
        return
    used = {zone for site in subject.sites.values() for zone in _zones_of(site)}
    used |= {
        registrable_domain(name.removeprefix("*."))
        for certificate in subject.file.certificates.values()
        if isinstance(certificate, RequestedCertificate)
        for name in certificate.acm.names or ()
    }
    for path, zone in subject.zones.items():
        if zone in used or subject.doubtful_below(("sites",)):
            continue
        meant = nearest(zone, used)
        cure = (
            "" if meant else "where its last name has just gone, take it out after the next apply"
        )
        if any(lies_in(name, zone) for name in subject.draft.sites.values()):
            meant, cure = "", f"say zone: {zone} in the sites that it holds"
        message = words(
            f"no name is in the zone {both_forms(zone)}",
            cure=cure,
            meant=show(meant) if meant else "",
        )
        yield subject.problem(Code.UNUSED_ZONE, path, message, at_key=True)


def _zones_of(site: Site) -> Iterator[str]:
    if site.external_dns:
        return
    names = list(site.names)
    if isinstance(site.certificate, RequestedCertificate):
        names += [name.removeprefix("*.") for name in site.certificate.acm.names or ()]
    for name in names:
        named = site.zone_name
        yield named if named and lies_in(name, named) else registrable_domain(name)
