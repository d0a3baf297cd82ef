"""Which site is on which shared balancer: packed up to AWS's quotas, and never moved.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from modules.fleet.certificate_sections import ArnCertificate, NamedCertificate, OwnedCertificate
from modules.fleet.model import Site
from modules.fleet.sections import Quotas

CERTIFICATES = 25
"""The default one not counted."""
RULES = 100
TARGET_GROUPS = 100
"""Fixed."""
VALUES_OF_A_RULE = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What one shared balancer holds."""

    certificates: int
    """Distinct ones, the default one counted."""
    rules: int
    target_groups: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What a site takes of a shared balancer, beside a target group."""

    certificate: str
    """The same for all sites with the same certificate."""
    rules: int


@dataclass(slots=True)
class _Load:
    """What is on one balancer."""

    certificates: set[str] = field(default_factory=set)
    rules: int = 0
    target_groups: int = 0

    def add(self, site: Needs) -> None:
        self.certificates.add(site.certificate)
        self.rules += site.rules
        self.target_groups += 1

    def over(self, most: Limits) -> str:
        """What there is too much of, in words; empty where all is well."""
        for number, limit, what in (
            (len(self.certificates), most.certificates, "certificates"),
            (self.rules, most.rules, "rules"),
            (self.target_groups, most.target_groups, "target groups"),
        ):
            if number > limit:
                return f"{number} {what}; allowed: {limit}"
        return ""

    def has_room_for(self, site: Needs, most: Limits) -> bool:
        more = _Load(set(self.certificates), self.rules, self.target_groups)
        more.add(site)
        return not more.over(most)


def limits(quotas: Quotas) -> Limits:
    """What a shared balancer holds by the account's quotas."""
    return Limits(
        certificates=(quotas.certificates_per_load_balancer or CERTIFICATES) + 1,
        rules=quotas.rules_per_load_balancer or RULES,
        target_groups=TARGET_GROUPS,
    )


def is_shared(site: Site) -> bool:
    """Whether the site is, or will be, on a shared balancer."""
    return "shared" in (site.load_balancer, site.successor and site.successor.load_balancer)


def needs(site: Site, certificates: Mapping[str, OwnedCertificate]) -> Needs:
    """What `site` takes; `certificates` are those that several sites use."""
    certificate = f"site {site.domain}"
    choice = site.certificate
    if isinstance(choice, NamedCertificate):
        certificate = f"use {choice.use}"
        choice = certificates.get(choice.use, choice)
    if isinstance(choice, ArnCertificate):
        certificate = choice.arn
    return Needs(certificate, rules=-(-len(site.names) // VALUES_OF_A_RULE))


def assign(held: Mapping[str, int], sites: Mapping[str, Needs], most: Limits) -> dict[str, int]:
    """Put each of `sites`, by domain, on a balancer of its number, counted from 1.

    What `held` says of them stays; a new one goes, in sorted order, to the first with room. Each
    fits on an empty one.
    """
    loads: dict[int, _Load] = {}
    numbers = {domain: held[domain] for domain in sites if domain in held}
    for domain, number in numbers.items():
        loads.setdefault(number, _Load()).add(sites[domain])
    for domain in sorted(sites.keys() - numbers.keys()):
        site = sites[domain]
        number = next(n for n in count(1) if loads.setdefault(n, _Load()).has_room_for(site, most))
        loads[number].add(site)
        numbers[domain] = number
    return dict(sorted(numbers.items()))


def overfull(
    numbers: Mapping[str, int], sites: Mapping[str, Needs], most: Limits
) -> Iterable[tuple[int, str]]:
    """The balancers on which more is than fits, each with what is too much."""
    loads: dict[int, _Load] = {}
    for domain, number in numbers.items():
        if domain in sites:
            loads.setdefault(number, _Load()).add(sites[domain])
    for number, load in sorted(loads.items()):
        if too_much := load.over(most):
            yield number, too_much
