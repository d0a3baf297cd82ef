"""Judges what a client without SNI sees of every name of every site.

The same checks hold for the sandbox and for the real fleet: what differs is where the client looks
from (`View`), and that only the sandbox's pages say whose document root they lie in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from modules.plan import Plan
from modules.plan.records import ExistingCertificate, Site, TlsLevel
from sandbox.client import (
    HTTPS,
    PROBE,
    Certificate,
    Observation,
    Page,
    Redirect,
    Sight,
    View,
    observe,
)

_AT_ONCE = 16
_OK, _MISDIRECTED, _SERVER_ERRORS = 200, 421, 500
_PERMANENT = frozenset({301, 308})


class Check(StrEnum):
    """What is checked of a name, in the order in which a client comes to it."""

    DNS = "DNS answer"
    CONNECTION = "connection"
    CHAIN = "certificate chain"
    NAMES = "certificate names"
    VALIDITY = "certificate validity"
    OWN = "no other site's certificate"
    TLS = "TLS version"
    STATUS = "HTTP status"
    DOCUMENT_ROOT = "document root"
    REDIRECT = "redirect from port 80"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one name."""

    site: Site
    observation: Observation
    failures: Mapping[Check, str]
    """The reason by each check that failed; a check that could not be made is not in it."""

    @property
    def name(self) -> str:
        return self.observation.name

    @property
    def ok(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a fleet."""

    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results)

    @property
    def reasons(self) -> tuple[str, ...]:
        """A line for each check that failed."""
        return tuple(
            f"{result.name}: {check}: {reason}"
            for result in self.results
            for check, reason in result.failures.items()
        )


def verify(plan: Plan, view: View, *, pages_tell: bool) -> Verification:
    """Visit every name of every site; `pages_tell` whose document root they are from."""
    visits = [
        (site, record.name, record.types) for site in plan.sites for record in site.alias_records
    ]

    def see(visit: tuple[Site, str, tuple[str, ...]]) -> Observation:
        site, name, types = visit
        return observe(name, types, view, modern=site.tls is TlsLevel.MODERN)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        observations = list(pool.map(see, visits))
    return Verification(
        tuple(
            Result(site, seen, judge(site, plan.sites, seen, pages_tell=pages_tell))
            for (site, _, _), seen in zip(visits, observations, strict=True)
        )
    )


def judge(
    site: Site, sites: Iterable[Site], seen: Observation, *, pages_tell: bool
) -> dict[Check, str]:
    """Return why each check of a name fails that does; the first address that shows it counts."""
    failures: dict[Check, str] = {}
    if seen.trouble or not seen.addresses:
        failures[Check.DNS] = "; ".join(seen.trouble) or "no address"
    others = [other for other in sites if not _share_certificate(site, other)]
    for sight in seen.sights:
        found: dict[Check, str | None] = {
            Check.CONNECTION: None if sight.connected else sight.version,
            Check.REDIRECT: _redirect(seen.name, sight),
        }
        if sight.connected:
            shown = sight.certificates[-1]
            found |= {
                Check.CHAIN: sight.distrust,
                Check.NAMES: _names(seen.name, shown),
                Check.VALIDITY: _validity(shown),
                Check.OWN: _own(site, others, sight.certificates),
                Check.TLS: _tls(site, sight),
                Check.STATUS: _status(sight.page, strict=pages_tell),
            }
            if pages_tell and isinstance(sight.page, Page):
                found[Check.DOCUMENT_ROOT] = _document_root(site, sight.page)
        for check, reason in found.items():
            if reason is not None:
                failures.setdefault(check, f"{reason} (at {sight.address})")
    return {check: failures[check] for check in Check if check in failures}


def _share_certificate(site: Site, other: Site) -> bool:
    return site.domain == other.domain or (
        isinstance(site.certificate, ExistingCertificate) and site.certificate == other.certificate
    )


def _names(name: str, shown: Certificate) -> str | None:
    return None if shown.covers(name) else f"it is for {', '.join(shown.names) or 'no name'}"


def _validity(shown: Certificate) -> str | None:
    if shown.days_left < 0:
        return f"it expired {-shown.days_left:.0f} days ago"
    if shown.days_old < 0:
        return f"it is valid from {-shown.days_old:.0f} days on only"
    return None


def _own(site: Site, others: Iterable[Site], shown: Iterable[Certificate]) -> str | None:
    """A certificate of another site's shows at once, or when some handshakes get it."""
    shown = tuple(shown)
    for other in others:
        if any(certificate.covers(other.domain) for certificate in shown):
            return f"a client of {site.domain} gets that of {other.domain}"
    if len({certificate.fingerprint for certificate in shown}) > 1:
        return f"{len(shown)} handshakes got different certificates"
    return None


def _tls(site: Site, sight: Sight) -> str | None:
    allowed = {"TLSv1.3"} if site.tls is TlsLevel.MODERN else {"TLSv1.2", "TLSv1.3"}
    if sight.version not in allowed:
        return f"{sight.version} was agreed on, {site.tls} allows {', '.join(sorted(allowed))}"
    if sight.old_version:
        return f"{sight.old_version} is accepted, {site.tls} allows {', '.join(sorted(allowed))}"
    return None


def _status(page: Page | str, *, strict: bool) -> str | None:
    """On a real fleet a site may want a login, or have no page at /."""
    if isinstance(page, str):
        return page
    good = page.status == _OK if strict else page.status < _SERVER_ERRORS
    return None if good and page.status != _MISDIRECTED else f"{page.status}"


def _document_root(site: Site, page: Page) -> str | None:
    if site.domain in page.sites:
        return None
    return f"the page is from that of {', '.join(page.sites) or 'nobody known'}"


def _redirect(name: str, sight: Sight) -> str | None:
    answer = sight.redirect
    if not isinstance(answer, Redirect):
        return answer
    if answer.status not in _PERMANENT:
        return f"{answer.status} instead of 301"
    location = urlsplit(answer.location or "")
    target = f"{location.path}?{location.query}"
    if (
        location.scheme != "https"
        or location.hostname != name
        or location.port not in {None, HTTPS}
        or target != PROBE
    ):
        return f"it leads to {answer.location}"
    return None
