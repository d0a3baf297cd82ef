"""Visits every name of every site and judges what is seen: without SNI, where a site needs none.

The same checks hold for the sandbox and for the real fleet: what differs is where the client looks
from (`View`), that only the sandbox's pages say whose document root they lie in, and that names of
internal balancers may be out of a client's sight on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from modules.plan.records import Plan, Site
from sandbox.client import Observation, View, observe
from sandbox.judging import Check, Findings, judge, visit

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one name."""

    site: Site
    observation: Observation
    findings: Findings
    out_of_sight: bool = False
    """Whether it can't be seen from here, so that nothing is known of it."""

    @property
    def name(self) -> str:
        return self.observation.name

    @property
    def failures(self) -> Mapping[Check, str]:
        """The reason by each check that failed."""
        return {check: reason for check, reason in self.findings.items() if reason is not None}

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


def verify(plan: Plan, view: View, *, in_sandbox: bool) -> Verification:
    """Visit every name of every site."""

    def see(visited: tuple[Site, str]) -> Result:
        site, name = visited
        seen = observe(name, view, visit(site, name))
        # Behind an internal balancer only who is in the VPC sees anything.
        hidden = not in_sandbox and any(front.balancer.internal for front in site.fronts)
        if hidden and not any(sight.connected for sight in seen.sights):
            return Result(site, seen, {}, out_of_sight=True)
        return Result(site, seen, judge(plan, site, seen, pages_tell=in_sandbox))

    names = [(site, name) for site in plan.sites for name in site.names]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Verification(tuple(pool.map(see, names)))
