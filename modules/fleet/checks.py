"""What only several values of a fleet file together can show to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from modules.fleet import server_checks
from modules.fleet.aws import MAX_TAGS, OWN_TAGS, partition
from modules.fleet.certificate_sections import ArnCertificate
from modules.fleet.domains import both_forms, lies_in, registrable_domain
from modules.fleet.model import Site
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.sections import ExistingNetwork
from modules.fleet.site_sections import SiteSettings
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject, is_ipv4
from modules.fleet.validate import Draft

_ACM_NAMES = 10
"""Names on one ACM certificate by default:
https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html"""
_ACM_FIRST_NAME = 64
"""Characters of the first name, which becomes the common name:
https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"""
_APPLICATION_SUBNETS = 2
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""


def cross_problems(draft: Draft) -> list[Problem]:
    """Run each check whose top-level keys are the file's own."""
    subject = Subject(draft)
    return [
        problem
        for needs, check in _CHECKS
        if not draft.missing.intersection(needs)
        for problem in check(subject)
    ]


# --- names -----------------------------------------------------------------------------------


def _names_once(subject: Subject) -> Iterator[Problem]:
    draft = subject.draft
    owners: dict[str, KeyPath] = {}
    for path, name in [*draft.sites.items(), *draft.aliases.items()]:
        if name not in owners:
            owners[name] = path
            continue
        first = owners[name]
        role = "a site" if len(first) == len(("sites", "domain")) else f"an alias of {first[1]}"
        message = words(
            f"{both_forms(name)} is {role} already, in line {subject.line(first)}",
            cure="a name belongs to one site",
        )
        yield subject.problem(Code.NAME_TWICE, path, message, at_key=True)


def _names_of_certificates(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.certificate != "acm" or subject.doubtful((*path, "certificate")):
            continue
        if len(site.names) > _ACM_NAMES:
            message = words(
                f"{both_forms(site.domain)} has {len(site.names)} names with its aliases",
                allowed=f"{_ACM_NAMES} on an ACM certificate",
                cure="make a second site of some, or name a certificate by its arn",
            )
            yield subject.problem(Code.TOO_MANY_NAMES, (*path, "aliases"), message, at_key=True)
        if len(site.domain) > _ACM_FIRST_NAME:
            message = words(
                f"{both_forms(site.domain)} has {len(site.domain)} characters",
                allowed=f"{_ACM_FIRST_NAME} as the first name of an ACM certificate",
                cure="make a shorter name the site and this one its alias",
            )
            yield subject.problem(Code.LONG_FIRST_NAME, path, message, at_key=True)


# --- balancers and certificates --------------------------------------------------------------


def _balancers(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.load_balancer != "classic":
            continue
        for key, value, cannot in (
            ("ipv6", site.ipv6, "has no IPv6 in a VPC"),
            ("tls", site.tls == "modern", "has no TLS 1.3, which is all that modern allows"),
        ):
            if value:
                said = subject.setting(path, key)
                at = said if said[0] == "sites" else subject.setting(path, "load_balancer")
                message = words(
                    f"a classic balancer {cannot}", cure="say load_balancer: application"
                )
                yield subject.problem(Code.BALANCER_CANNOT, at, message)


def _allow(subject: Subject) -> Iterator[Problem]:
    if not any(map(is_ipv4, subject.file.network.allow)):
        message = words(
            "no IPv4 range may reach the balancers: clients without IPv6 would be shut out",
            cure="add an IPv4 range, as 0.0.0.0/0",
        )
        yield subject.problem(Code.NO_IPV4, ("network", "allow"), message)


def _subnets(subject: Subject) -> Iterator[Problem]:
    network = subject.file.network
    if not isinstance(network, ExistingNetwork):
        return
    seen: set[str] = set()
    for i, subnet in enumerate(network.subnets):
        if subnet in seen:
            message = words(f"subnet {show(subnet)} stands twice")
            yield subject.problem(Code.SUBNETS, ("network", "subnets", i), message)
        seen.add(subnet)
    application = [s.domain for s in subject.sites.values() if s.load_balancer == "application"]
    if application and len(network.subnets) < _APPLICATION_SUBNETS:
        message = words(
            f"an application balancer, as of {both_forms(application[0])}, needs "
            f"{_APPLICATION_SUBNETS} subnets in different zones",
            cure="add a subnet, or say load_balancer: classic",
        )
        yield subject.problem(Code.SUBNETS, ("network", "subnets"), message)


def _settings(subject: Subject) -> Iterator[tuple[KeyPath, SiteSettings]]:
    """`defaults` and the sites as written."""
    yield ("defaults",), subject.file.defaults
    for path, domain in subject.draft.sites.items():
        yield path, subject.file.sites[domain]


def _arns(subject: Subject) -> Iterator[Problem]:
    region = subject.file.region
    for path, settings in _settings(subject):
        if not isinstance(settings.certificate, ArnCertificate):
            continue
        _, its_partition, service, its_region, *_ = settings.certificate.arn.split(":")
        at = (*path, "certificate", "arn")
        if its_partition != partition(region):
            message = words(
                f"the certificate is of the partition {its_partition}",
                allowed=f"{partition(region)}, where {region} lies",
            )
            yield subject.problem(Code.ARN_PLACE, at, message)
        elif service == "acm" and its_region != region:
            message = words(
                f"the certificate is of the region {its_region}",
                allowed=f"the fleet's, {region}",
                cure="request or import it there",
            )
            yield subject.problem(Code.ARN_PLACE, at, message)


# --- settings of a site ----------------------------------------------------------------------


def _document_roots(subject: Subject) -> Iterator[Problem]:
    key = "document_root"
    for path, site in subject.sites.items():
        doubtful = subject.doubtful((*path, key), ("defaults", key))
        if getattr(site, key, None) is None and not doubtful:
            message = words(
                f"{both_forms(site.domain)} has no document_root",
                cure="say it here or in defaults",
            )
            yield subject.problem(Code.NO_DOCUMENT_ROOT, path, message, at_key=True)


def _zones(subject: Subject) -> Iterator[Problem]:
    yield from _names_of_created_zones(subject)
    ids: dict[str, str] = {}
    for path, site in subject.sites.items():
        at = subject.setting(path, "zone")
        if site.zone_name and not lies_in(site.domain, site.zone_name):
            message = words(
                f"{both_forms(site.domain)} lies outside the zone {both_forms(site.zone_name)}",
                meant=registrable_domain(site.domain),
            )
            yield subject.problem(Code.OUTSIDE_ZONE, at, message)
        registrable = registrable_domain(site.domain)
        if site.zone_id and ids.setdefault(site.zone_id, registrable) != registrable:
            message = words(
                f"the zone {site.zone_id} cannot hold both {both_forms(ids[site.zone_id])} and "
                f"{both_forms(registrable)}",
            )
            yield subject.problem(Code.ZONES_CLASH, at, message)


def _names_of_created_zones(subject: Subject) -> Iterator[Problem]:
    """Every site with names in a created zone says so: with the last of them the zone goes."""
    created: dict[str, Site] = {}
    for site in subject.sites.values():
        if site.creates_zone:
            created.setdefault(registrable_domain(site.domain), site)
    names = [*subject.draft.sites.items(), *subject.draft.aliases.items()]
    told: set[tuple[KeyPath, str]] = set()
    for path, name in names:
        at, zone = path[:2], registrable_domain(name)
        site = subject.sites[at]
        foreign = zone != registrable_domain(site.domain)
        if (
            zone not in created
            or (site.creates_zone and not foreign)
            or (site.zone_name not in (None, zone) and lies_in(name, str(site.zone_name)))
            or (at, zone) in told
            or subject.doubtful((*at, "zone"), ("defaults", "zone"))
        ):
            continue
        told.add((at, zone))
        owner = created[zone]
        alias = f", an alias of {both_forms(site.domain)}," if len(path) > len(at) else ""
        message = words(
            f"{both_forms(name)}{alias} lies in the zone {both_forms(zone)}, which "
            f"{both_forms(owner.domain)} creates, and which would go with that site",
            cure="make the name a site of its own that says zone: create, or create the zone "
            "outside of Portico"
            if foreign
            else "say zone: create in both, or in neither",
        )
        own = "zone" in subject.file.sites[subject.draft.sites[at]].model_fields_set
        place = (*at, "zone") if own and not foreign else path
        yield subject.problem(Code.ZONES_CLASH, place, message, at_key=place == path)


def _keys_served(subject: Subject) -> Iterator[Problem]:
    roots = {
        PurePosixPath(root): site
        for site in subject.sites.values()
        if (root := getattr(site, "document_root", None)) is not None
    }
    for path, site in subject.sites.items():
        if site.backend_tls is None:
            continue
        key = PurePosixPath(site.backend_tls.private_key)
        root = next((root for root in roots if key.is_relative_to(root)), None)
        if root is not None:
            message = words(
                f"the private key {show(str(key))} lies in the document root {show(str(root))} of "
                f"{both_forms(roots[root].domain)}, which serves it to everybody",
                cure="keep it outside, as in /etc/ssl/private",
            )
            at = (*subject.setting(path, "backend_tls"), "private_key")
            yield subject.problem(Code.KEY_SERVED, at, message)


def _tags(subject: Subject) -> Iterator[Problem]:
    most = MAX_TAGS - len(OWN_TAGS)
    allowed = f"{most}, as Portico adds {', '.join(OWN_TAGS)}"
    if len(subject.file.tags) > most:
        message = words(f"{len(subject.file.tags)} tags", allowed=allowed)
        yield subject.problem(Code.TOO_MANY_TAGS, ("tags",), message, at_key=True)
        return
    for path, site in subject.sites.items():
        if len(site.tags) > most:
            what = f"{len(site.tags)} tags with the fleet's and the defaults'"
            message = words(what, allowed=allowed)
            at = subject.setting(path, "tags")
            yield subject.problem(Code.TOO_MANY_TAGS, at, message, at_key=True)


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Subject], Iterator[Problem]]], ...] = (
    ((), _names_once),
    ((), _names_of_certificates),
    ((), _balancers),
    (("network",), _allow),
    (("network",), _subnets),
    (("region",), _arns),
    ((), _document_roots),
    ((), _zones),
    ((), _keys_served),
    ((), _tags),
    (("servers",), server_checks.servers_once),
    (("servers",), server_checks.ssh_access),
    (("servers", "network"), server_checks.subnets_of_servers),
    (("servers",), server_checks.port_80),
    (("state",), server_checks.state_file),
)
"""Each check with the top-level keys that it needs to be the file's own."""
