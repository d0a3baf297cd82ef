"""Judges what a client saw of a name, check by check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from modules.plan.records import (
    BalancerKind,
    ExistingCertificate,
    Plan,
    RequestedCertificate,
    Site,
    TlsLevel,
    UploadedCertificate,
)
from sandbox.client import PROBE, Observation, Page, Redirect, Sight, Visit
from sandbox.handshakes import HTTPS, Certificate

_OK, _MISDIRECTED, _SERVER_ERRORS = 200, 421, 500
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class _Versions:
    """What a TLS level means to a client."""

    agreed: frozenset[str]
    """One of these is agreed on with a client of today."""
    taken: tuple[str, ...]
    refused: tuple[str, ...]
    """The first ones below."""


_TODAY = frozenset({"TLSv1.2", "TLSv1.3"})
_VERSIONS: Mapping[TlsLevel, _Versions] = {
    TlsLevel.MODERN: _Versions(frozenset({"TLSv1.3"}), (), ("TLSv1.2",)),
    TlsLevel.INTERMEDIATE: _Versions(_TODAY, (), ("TLSv1.1",)),
    TlsLevel.OLD: _Versions(_TODAY, ("TLSv1", "TLSv1.1"), ("SSLv3",)),
}


class Check(StrEnum):
    """What is checked of a name, in the order in which a client comes to it."""

    DNS = "DNS answer"
    CONNECTION = "connection"
    CHAIN = "certificate chain"
    NAMES = "certificate names"
    VALIDITY = "certificate validity"
    OWN = "no other site's certificate"
    DEFAULT = "certificate without SNI"
    TLS = "TLS version"
    STATUS = "HTTP status"
    CANONICAL = "redirect to the domain"
    DOCUMENT_ROOT = "document root"
    HSTS = "HSTS"
    REDIRECT = "redirect from port 80"


Findings = Mapping[Check, str | None]
"""By each check that was made: None where it passed, else the reason."""


def visit(site: Site, name: str) -> Visit:
    """Return how a client visits one of the site's names."""
    versions = _VERSIONS[site.tls]
    ipv6 = bool(site.alias_records) and all(front.balancer.ipv6 for front in site.fronts)
    return Visit(
        types=("A", "AAAA") if ipv6 else ("A",),
        sni=site.needs_sni,
        versions=(*versions.taken, *versions.refused),
        path=PROBE if _is_redirected(site, name) else "/",
    )


def judge(plan: Plan, site: Site, seen: Observation, *, pages_tell: bool) -> Findings:
    """Return what came of each check of a name; the first address that fails it counts.

    `pages_tell` whose document root they are from.
    """
    trouble = "; ".join(seen.trouble) or (None if seen.addresses else "no address")
    findings: dict[Check, str | None] = {Check.DNS: trouble}
    for sight in seen.sights:
        for check, reason in _of_address(plan, site, seen.name, sight, pages_tell).items():
            if findings.get(check) is None:
                findings[check] = reason and f"{reason} (at {sight.address})"
    return {check: findings[check] for check in Check if check in findings}


def _of_address(plan: Plan, site: Site, name: str, sight: Sight, pages_tell: bool) -> Findings:  # noqa: FBT001
    found: dict[Check, str | None] = {
        Check.CONNECTION: None if sight.connected else sight.version,
        Check.REDIRECT: _redirect(site, name, sight),
    }
    if not sight.connected:
        return found
    shown = sight.certificates[-1]
    found |= {
        Check.CHAIN: sight.distrust,
        Check.NAMES: _names(name, shown),
        Check.VALIDITY: _validity(shown),
        Check.OWN: _own(plan, site, sight.certificates),
        Check.TLS: _tls(site, sight),
    }
    if sight.nameless is not None:
        found[Check.DEFAULT] = _default(plan, site, sight.nameless)
    if isinstance(sight.page, str):
        return found | {Check.STATUS: sight.page}
    if site.hsts:
        found[Check.HSTS] = _hsts(site.hsts, sight.page)
    if _is_redirected(site, name):
        return found | {Check.CANONICAL: _canonical(site, sight.page)}
    found[Check.STATUS] = _status(sight.page, strict=pages_tell)
    if pages_tell:
        found[Check.DOCUMENT_ROOT] = _document_root(site, sight.page)
    return found


# --- certificates --------------------------------------------------------------------------------


def _names(name: str, shown: Certificate) -> str | None:
    return None if shown.covers(name) else f"it is for {', '.join(shown.names) or 'no name'}"


def _validity(shown: Certificate) -> str | None:
    if shown.days_left < 0:
        return f"it expired {-shown.days_left:.0f} days ago"
    if shown.days_old < 0:
        return f"it is valid from {-shown.days_old:.0f} days on only"
    return None


def _own(plan: Plan, site: Site, shown: Iterable[Certificate]) -> str | None:
    """A certificate of another site's shows at once, or when some handshakes get it."""
    shown = tuple(shown)
    for certificate in shown:
        owners = [other for other in plan.sites if _is_known(other) and _is_of(other, certificate)]
        certain = bool(owners) and all(site.certificate != other.certificate for other in owners)
        if certain or not _is_of(site, certificate):
            return f"a client of {site.domain} gets that of {_owner(plan, certificate)}"
    if len({certificate.fingerprint for certificate in shown}) > 1:
        return f"{len(shown)} handshakes got different certificates"
    return None


def _is_known(site: Site) -> bool:
    """Whether the plan tells the site's certificate from all others."""
    return not isinstance(site.certificate, ExistingCertificate)


def _default(plan: Plan, site: Site, shown: Certificate | str) -> str | None:
    """Without SNI a shared balancer shows the certificate of its default site, any other its own.

    A site with a successor has one of each.
    """
    if isinstance(shown, str):
        return shown
    defaults = {each.default for each in plan.shared_balancers if site.domain in each.sites}
    if any(front.balancer.kind is not BalancerKind.SHARED for front in site.fronts):
        defaults.add(site.domain)
    if any(_is_of(each, shown) for each in plan.sites if each.domain in defaults):
        return None
    return f"it is that of {_owner(plan, shown)}, not of {' or '.join(sorted(defaults))}"


def _is_of(site: Site, shown: Certificate) -> bool:
    """Whether a certificate is the site's, as far as the plan tells."""
    match site.certificate:
        case UploadedCertificate(fingerprint=fingerprint):
            return shown.fingerprint.startswith(fingerprint)
        case RequestedCertificate(names=names):
            return set(shown.names) == set(names)
        case ExistingCertificate():
            return all(shown.covers(name) for name in site.names)


def _owner(plan: Plan, shown: Certificate) -> str:
    owners = [site.domain for site in plan.sites if _is_of(site, shown)]
    return ", ".join(owners or shown.names) or "nobody known"


# --- TLS and HTTP --------------------------------------------------------------------------------


def _tls(site: Site, sight: Sight) -> str | None:
    versions = _VERSIONS[site.tls]
    allowed = f"{site.tls} allows {', '.join((*versions.taken, *sorted(versions.agreed)))}"
    if sight.version not in versions.agreed:
        return f"{sight.version} was agreed on, {allowed}"
    for version in versions.refused:
        if version in sight.accepted:
            return f"{version} is accepted, {allowed}"
    for version in versions.taken:
        if version not in sight.accepted:
            return f"{version} is refused, {allowed}"
    return None


def _status(page: Page, *, strict: bool) -> str | None:
    """On a real fleet a site may want a login, or have no page at /."""
    good = page.status == _OK if strict else page.status < _SERVER_ERRORS
    return None if good and page.status != _MISDIRECTED else f"{page.status}"


def _document_root(site: Site, page: Page) -> str | None:
    if site.domain in page.sites:
        return None
    return f"the page is from that of {', '.join(page.sites) or 'nobody known'}"


def _hsts(promised: str, page: Page) -> str | None:
    return None if page.hsts == promised else f"{page.hsts or 'nothing'} instead of {promised}"


def _is_redirected(site: Site, name: str) -> bool:
    return site.canonical and name != site.domain


def _canonical(site: Site, page: Page) -> str | None:
    return _leads(Redirect(page.status, page.location), {site.domain})


def _redirect(site: Site, name: str, sight: Sight) -> str | None:
    """An alias may be sent to the domain at once, where it would be sent in the end."""
    answer = sight.redirect
    if not isinstance(answer, Redirect):
        return answer
    return _leads(answer, {name, site.domain} if _is_redirected(site, name) else {name})


def _leads(answer: Redirect, hosts: set[str]) -> str | None:
    if answer.status not in _PERMANENT:
        return f"{answer.status} instead of 301"
    location = urlsplit(answer.location or "")
    target = f"{location.path}?{location.query}"
    if (
        location.scheme != "https"
        or location.hostname not in hosts
        or location.port not in {None, HTTPS}
        or target != PROBE
    ):
        return f"it leads to {answer.location}"
    return None
