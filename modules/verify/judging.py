"""Judges what a client saw of a name, check by check."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from modules.plan.records import Plan, Site
from modules.verify import certificates, http, tls, zones
from modules.verify.checks import Check, Finding, Findings, Unknown
from modules.verify.client import PROBE, Observation, Sight, Visit


@dataclass(frozen=True, slots=True)
class Terms:
    """What is demanded, beside what the plan says."""

    days: int = 0
    """How long a certificate has to be valid yet."""
    pages_tell: bool = False
    """Whether pages say whose document root they are from, as the sandbox's do."""
    releases: Collection[str] | None = None
    """Those that are live on the servers; None: nobody knows of all."""


def visit(site: Site, name: str) -> Visit:
    """Return how a client visits one of the site's names."""
    ipv6 = all(front.balancer.ipv6 for front in site.fronts)
    return Visit(
        types=("A", "AAAA") if ipv6 else ("A",),
        # DNS elsewhere may lead through what has addresses of its own, as a CDN has.
        absent=("AAAA",) if site.alias_records and not ipv6 else (),
        sni=site.needs_sni,
        path=PROBE if http.is_redirected(site, name) else "/",
    )


def is_internal(plan: Plan, site: Site) -> bool:
    """Whether the site can be out of sight for who isn't in its VPC."""
    private = {zone.key for zone in plan.zones if zone.private}
    return any(front.balancer.internal for front in site.fronts) or any(
        record.zone in private for record in site.alias_records
    )


def is_hidden(plan: Plan, site: Site, seen: Observation) -> bool:
    """Whether nothing but, perhaps, public DNS told of an internal site's name."""
    return is_internal(plan, site) and all(sight.silent for sight in seen.sights)


def judge_hidden(plan: Plan, site: Site, seen: Observation, domain: Observation) -> Findings:
    """Return what came of each check of a name that is hidden: what public DNS says is judged."""
    answered = zones.answer(seen)
    if answered and not zones.in_public(plan, site, seen.name):
        return {Check.DNS: Unknown(answered)}
    away = replace(seen, sights=tuple(replace(each, out_of_reach=True) for each in seen.sights))
    return judge(plan, site, away, domain, Terms())


def judge(plan: Plan, site: Site, seen: Observation, domain: Observation, terms: Terms) -> Findings:
    """Return what came of each check of a name; the first address that fails it counts.

    `domain` is what was seen of the site's domain.
    """
    findings: dict[Check, Finding] = {Check.DNS: zones.answer(seen)}
    if site.alias_records:
        # What leads to the balancers elsewhere is not the file's to say.
        findings[Check.ADDRESSES] = zones.together(site, seen, domain)
    if zones.in_public(plan, site, seen.name):
        asked = visit(site, seen.name)
        findings[Check.NAME_SERVERS] = zones.name_servers(site, asked, seen.answers)
    for sight in seen.sights:
        for check, finding in _of_address(plan, site, seen.name, sight, terms).items():
            if not isinstance(findings.get(check), str):
                found = f"{finding} (at {sight.address})" if isinstance(finding, str) else finding
                findings[check] = found or findings.get(check)
    return {check: findings[check] for check in Check if check in findings}


def _of_address(plan: Plan, site: Site, name: str, sight: Sight, terms: Terms) -> Findings:
    if sight.out_of_reach:
        return {Check.CONNECTION: Unknown(f"{sight.version} (at {sight.address})")}
    found: dict[Check, Finding] = {
        Check.CONNECTION: None if sight.connected else sight.version,
        Check.REDIRECT: http.redirect(site, name, sight),
    }
    if not sight.connected:
        return found
    shown = sight.certificates[-1]
    found |= {
        Check.CHAIN: sight.distrust,
        Check.NAMES: certificates.names(name, shown),
        Check.VALIDITY: certificates.validity(
            shown.days_left, days=terms.days, days_old=shown.days_old
        ),
        Check.OWN: certificates.own(plan, site, sight.certificates),
        Check.TLS: tls.level(site, sight.version, sight.offer),
        Check.RELEASE: http.release(sight, terms.releases),
    }
    if sight.nameless is not None:
        found[Check.DEFAULT] = certificates.default(plan, site, sight.nameless)
    if isinstance(sight.page, str):
        return found | {Check.STATUS: sight.page}
    if site.hsts:
        found[Check.HSTS] = http.hsts(site.hsts, sight.page)
    if http.is_redirected(site, name):
        return found | {Check.CANONICAL: http.canonical(site, sight.page)}
    found[Check.STATUS] = http.status(sight.page, strict=terms.pages_tell)
    if terms.pages_tell:
        found[Check.DOCUMENT_ROOT] = http.document_root(site, sight.page)
    return found
