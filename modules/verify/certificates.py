"""Judges the certificates that a client was shown."""

from __future__ import annotations

from collections.abc import Iterable

from modules.plan.records import (
    BalancerKind,
    ExistingCertificate,
    Plan,
    RequestedCertificate,
    Site,
    UploadedCertificate,
)
from modules.verify.handshakes import Certificate


def names(name: str, shown: Certificate) -> str | None:
    return None if shown.covers(name) else f"it is for {', '.join(shown.names) or 'no name'}"


def validity(days_left: float, *, days: int, days_old: float = 0) -> str | None:
    """Whether a certificate is valid, and for `days` days more."""
    if days_left < 0:
        return f"it expired {-days_left:.0f} days ago"
    if days_old < 0:
        return f"it is valid from {-days_old:.0f} days on only"
    if days_left < days:
        return f"it expires in {days_left:.0f} days, fewer than {days}"
    return None


def own(plan: Plan, site: Site, shown: Iterable[Certificate]) -> str | None:
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


def default(plan: Plan, site: Site, shown: Certificate | str) -> str | None:
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


def _is_known(site: Site) -> bool:
    """Whether the plan tells the site's certificate from all others."""
    return not isinstance(site.certificate, ExistingCertificate)


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
