"""Judges what DNS answers of a name, against what the file says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modules.plan.records import Plan, Site
from modules.verify.answers import Answer
from modules.verify.checks import Finding, Unknown
from modules.verify.client import Observation, Visit

_MANY = 8
"""Addresses in one answer, from which on two answers may be two choices out of more."""


def in_public(plan: Plan, site: Site, name: str) -> bool:
    """Whether the file has the name in a zone whose name servers answer everybody."""
    public = {zone.key for zone in plan.zones if not zone.private}
    return any(record.name == name and record.zone in public for record in site.alias_records)


def answer(seen: Observation) -> str | None:
    """Whether the name has addresses, of the types that the file has it in."""
    if seen.trouble:
        return "; ".join(seen.trouble)
    if not seen.addresses:
        return "no address"
    if seen.strays:
        return f"AAAA {', '.join(seen.strays)}, where the file has none"
    return None


def together(site: Site, seen: Observation, domain: Observation) -> str | None:
    """Whether a name leads where the site's domain does."""
    if not _is_single(site) or not seen.addresses or not domain.addresses:
        return None
    if _are_apart(seen.addresses, domain.addresses):
        return f"{_list(seen.addresses)}, but {domain.name} has {_list(domain.addresses)}"
    return None


def name_servers(site: Site, visit: Visit, answers: Sequence[Answer]) -> Finding:
    """Whether every name server of the zone that can be asked has what the file says."""
    heard = [each for each in answers if each.silence is None]
    if not heard:
        silent = ", ".join(f"{each.server} ({each.silence})" for each in answers)
        return Unknown(f"none can be asked from here: {silent}" if silent else "none is known")
    for each in heard:
        if each.refusal:
            return f"{each.server} answers {each.refusal}"
        if missing := [kind for kind in visit.types if not each.addresses[kind]]:
            return f"{each.server} has no {' and no '.join(missing)}"
        for kind in visit.absent:
            if stray := each.addresses[kind]:
                return f"{each.server} has {kind} {_list(stray)}, where the file has none"
    return _differing(heard, visit.types) if _is_single(site) else None


def _differing(answers: Iterable[Answer], kinds: Iterable[str]) -> str | None:
    first, *others = answers
    for other in others:
        for kind in kinds:
            if _are_apart(first.addresses[kind], other.addresses[kind]):
                one, two = (f"{a.server} {_list(a.addresses[kind])}" for a in (first, other))
                return f"{kind} differs: {one}, {two}"
    return None


def _is_single(site: Site) -> bool:
    """Whether all answers are of one balancer: while a site moves, each is one or the other's."""
    return len(site.fronts) == 1


def _are_apart(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two answers are of different balancers, whose nodes come and go by ones and twos."""
    return max(len(one), len(other)) < _MANY and not set(one) & set(other)


def _list(addresses: Iterable[str]) -> str:
    return ", ".join(addresses)
