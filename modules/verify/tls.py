"""Judges what a balancer offers against Mozilla's level of the site, in sslyze's copy of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from sslyze.mozilla_tls_profile.tls_config_checker import (
    MozillaTlsConfiguration,
    TlsConfigurationEnum,
)

from modules.plan.records import Site, TlsLevel
from modules.plan.tls import beyond_guideline
from modules.verify.checks import Finding, Unknown
from modules.verify.scanning import Offer

_DEMANDED = {TlsLevel.OLD: ("TLSv1", "TLSv1.1")}
"""Versions without which the level's oldest clients stay outside."""


@dataclass(frozen=True, slots=True)
class _Guideline:
    versions: frozenset[str]
    suites: frozenset[str]


def level(site: Site, agreed: str, offer: Offer | str) -> Finding:
    """Whether what is offered is the level's: TLS versions and cipher suites, and nothing else.

    `agreed` is the version that a client of today got; a text is why nothing more is known. AWS
    has predefined policies only: what the one for the level adds to it is let pass.
    """
    guideline = _guideline(site.tls)
    allowed = f"{site.tls} allows {', '.join(sorted(guideline.versions))}"
    if agreed not in guideline.versions:
        return f"{agreed} was agreed on, {allowed}"
    if isinstance(offer, str):
        return Unknown(f"sslyze failed: {offer}")
    if beyond := sorted(offer.suites.keys() - guideline.versions):
        return f"{', '.join(beyond)} accepted, {allowed}"
    for version in _DEMANDED.get(site.tls, ()):
        if version not in offer.suites:
            return f"{version} refused, {allowed}"
    tolerated = {
        suite for front in site.fronts for suite in beyond_guideline(front.balancer.tls_policy)
    }
    accepted = {suite for suites in offer.suites.values() for suite in suites}
    if weak := sorted(accepted - guideline.suites - tolerated):
        return f"{', '.join(weak)} accepted, not of {site.tls}"
    return None


@functools.cache
def _guideline(level: TlsLevel) -> _Guideline:
    found = MozillaTlsConfiguration.get(TlsConfigurationEnum(level.value))
    return _Guideline(
        frozenset(found.tls_versions), frozenset(found.ciphersuites | found.ciphers.iana)
    )
