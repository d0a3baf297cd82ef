"""Visits every name of every site, looks at every server, and judges what is seen.

Clients send no SNI where a site needs none. The same checks hold for the sandbox and for the real
fleet: what differs is where the client looks from (`View`), that only the sandbox's pages say whose
document root they lie in, and that names of internal balancers and of private zones may be out of a
client's sight on AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import ThreadPool

from modules.plan.records import Plan, Site
from modules.verify import zones
from modules.verify.answers import View, authorities
from modules.verify.checks import Check, Findings, Unknown
from modules.verify.client import Observation, observe
from modules.verify.judging import (
    Terms,
    is_hidden,
    is_internal,
    judge,
    judge_hidden,
    visit,
)
from modules.verify.scanning import scan
from modules.verify.servers import Logins, ServerResult, look

DAYS = 21
"""How long a certificate has to be valid yet, unless the caller says otherwise.

ACM renews its own 60 days before their end, and mails from 45 days on where it can't:
https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one name."""

    site: Site
    observation: Observation
    findings: Findings
    out_of_sight: bool = False
    """Whether it can't be seen from here, so that at most DNS is known of it."""

    @property
    def name(self) -> str:
        return self.observation.name

    @property
    def failures(self) -> Mapping[Check, str]:
        """The reason by each check that failed."""
        return {check: why for check, why in self.findings.items() if isinstance(why, str)}

    @property
    def unknowns(self) -> Mapping[Check, str]:
        """The reason by each check that could not be made."""
        return {
            check: found.reason
            for check, found in self.findings.items()
            if isinstance(found, Unknown)
        }

    @property
    def ok(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a fleet."""

    results: tuple[Result, ...]
    servers: tuple[ServerResult, ...] = ()
    """Empty where nobody looked at them."""

    @property
    def ok(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """A line for each check that failed."""
        return (
            *_lines((result.name, result.failures.items()) for result in self.results),
            *_lines((result.server.name, result.failures.items()) for result in self.servers),
        )

    @property
    def unknowns(self) -> tuple[str, ...]:
        """A line for each check that could not be made."""
        return (
            *_lines((result.name, result.unknowns.items()) for result in self.results),
            *_lines((result.server.name, result.unknowns.items()) for result in self.servers),
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for."""

    days: int = DAYS
    logins: Logins | None = None
    """How to reach the servers; None: they are not looked at."""
    servers_demanded: bool = False
    """Whether a server that can't be reached is a failure."""
    internal: bool | None = None
    """Whether a name that only who is in the VPC may see is visited: True, and it is a failure if
    it can't be reached; None, it is none; False: not at all."""
    in_sandbox: bool = False


def verify(plan: Plan, view: View, wish: Wish) -> Verification:
    """Visit every name of every site, and look at the servers."""
    names = [
        (site, name)
        for site in plan.sites
        if wish.internal is not False or not is_internal(plan, site)
        for name in site.names
    ]
    with ThreadPool(_AT_ONCE) as pool:
        seen = pool.map(lambda each: observe(each[1], view, visit(*each)), names, 1)
    seen = _with_answers(plan, names, _with_offers(seen), view)
    servers = (
        look(plan, wish.logins, days=wish.days, demanded=wish.servers_demanded)
        if wish.logins
        else ()
    )
    domains = {observation.name: observation for observation in seen}
    terms = Terms(wish.days, pages_tell=wish.in_sandbox, releases=_live(servers))
    demanded = wish.in_sandbox or wish.internal is True

    def result(site: Site, observation: Observation) -> Result:
        domain = domains[site.domain]
        if not demanded and is_hidden(plan, site, observation):
            found = judge_hidden(plan, site, observation, domain)
            return Result(site, observation, found, out_of_sight=True)
        return Result(site, observation, judge(plan, site, observation, domain, terms))

    results = (result(site, each) for (site, _), each in zip(names, seen, strict=True))
    return Verification(tuple(results), servers)


def visiting(plan: Plan) -> str:
    """Return the name of the step."""
    promised = not any(site.needs_sni for site in plan.sites)
    return "visiting every name without SNI" if promised else "visiting every name"


def _with_offers(seen: Sequence[Observation]) -> list[Observation]:
    """Add what sslyze finds at each address, once for all names that lead to it."""
    offers = scan(
        {
            sight.address: observation.name
            for observation in seen
            for sight in observation.sights
            if sight.connected
        }
    )
    return [
        replace(
            observation,
            sights=tuple(
                replace(sight, offer=offers.get(sight.address, sight.offer))
                for sight in observation.sights
            ),
        )
        for observation in seen
    ]


def _with_answers(
    plan: Plan, names: Sequence[tuple[Site, str]], seen: Sequence[Observation], view: View
) -> list[Observation]:
    """Add what the name servers say of the names that the file has in public zones."""
    asked = {
        name: (*wanted.types, *wanted.absent)
        for site, name in names
        if zones.in_public(plan, site, name)
        for wanted in [visit(site, name)]
    }
    answers = authorities(asked, view)
    return [replace(each, answers=answers.get(each.name, ())) for each in seen]


def _live(servers: Sequence[ServerResult]) -> frozenset[str] | None:
    """Return the releases that are live on the servers, if all told."""
    live = [server.status.release for server in servers if server.status]
    if not live or len(live) < len(servers):
        return None
    return frozenset(filter(None, live))


def _lines(told: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> Iterable[str]:
    return (f"{name}: {check}: {reason}" for name, found in told for check, reason in found)
