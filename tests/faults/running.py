"""Runs a case, from a server that is as it should be to one that is so again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sandbox import SandboxError
from tests.faults import invariants
from tests.faults.case import Case
from tests.faults.clients import Tallies
from tests.faults.fleet import CHANGED
from tests.faults.invariants import Broken
from tests.faults.machine import Seen
from tests.faults.rig import Applied, Rig

_LINGER = 0.5
"""Seconds that clients go on for after the last change."""

_PATIENCE = 20
"""Seconds for an Apache that starts or reloads by itself."""


@dataclass(slots=True)
class Outcome:
    """What came of a case."""

    case: Case
    broken: list[Broken] = field(default_factory=list)
    status: int | None = None
    """Of the apply that met the fault."""
    tallies: Tallies = field(default_factory=Tallies)
    seconds: float = 0
    notes: list[str] = field(default_factory=list)
    """What a case has to tell beside."""
    harm: list[str] = field(default_factory=list)
    """What the naive way came to."""
    not_met: str = ""
    """Why the naive way can't meet the fault."""

    @property
    def survived(self) -> bool:
        return not (self.broken or self.harm)


def run(rig: Rig, case: Case) -> Outcome:
    """Run a case; whatever it breaks, the rig is whole again after it."""
    outcome, begun = Outcome(case), time.monotonic()
    if rig.is_naive and case.naive:
        outcome.not_met = case.naive
        return outcome
    rig.notes = outcome.notes
    try:
        (_naively if rig.is_naive else _survive)(rig, case, outcome)
    except (AssertionError, SandboxError, OSError) as error:
        outcome.broken.append(Broken(0, f"{type(error).__name__}: {error}"))
    outcome.tallies = rig.tallies
    if outcome.broken or rig.is_naive:
        rig.reset()
    outcome.seconds = time.monotonic() - begun
    return outcome


def _survive(rig: Rig, case: Case, outcome: Outcome) -> None:
    broken = outcome.broken
    ports, before = rig.ports, rig.look()
    asked = case.changes(rig.good)
    stay = {domain: None for domain in asked.sites if domain in rig.good.sites}
    before = {domain: seen for domain, seen in before.items() if domain in stay}
    with rig.visited(stay):
        rig.write(asked)
        with case.fault(rig):
            done = case.act(rig)
            rig.machine.rest()
            outcome.status = done.status
            broken += invariants.is_told(case.expect, done)
            rested = rig.look()
            broken += _rested(rig, case, before, rested)
            broken += invariants.is_secret(rig, done.output)
            broken += invariants.ports_stay(rig, ports)
        if case.then:
            rig.write(case.then(asked))
        broken += invariants.converges(rig, "" if case.then else case.mark)
        after = rig.look()
        broken += invariants.each_has_its_own(rig, after)
        broken += invariants.is_not_reloaded(rig)
        broken += invariants.starts_cold(rig, after)
        broken += invariants.is_secret(rig, done.output)
        broken += invariants.ports_stay(rig, ports)
        time.sleep(_LINGER)
    broken += invariants.no_request_failed(rig)
    if not broken:
        rig.good = rig.fleet
        rig.keep()


def _rested(
    rig: Rig, case: Case, before: dict[str, Seen], rested: dict[str, Seen]
) -> Iterator[Broken]:
    """Judge the server after the fault, before the next apply."""
    yield from invariants.serves(case, before[CHANGED], rested[CHANGED], rig)
    known = {domain: seen for domain, seen in rested.items() if domain in before}
    if rested[CHANGED].release == before[CHANGED].release:
        yield from invariants.others_are_served(before, rested)
    else:
        moved = {
            domain: replace(seen, release=rested[CHANGED].release)
            for domain, seen in before.items()
        }
        yield from invariants.others_are_served(moved, rested)
    yield from invariants.each_has_its_own(rig, known)
    if case.expect.fails:
        yield from invariants.starts_cold(rig, known)


def _naively(rig: Rig, case: Case, outcome: Outcome) -> None:
    before = rig.look()
    asked = case.changes(rig.good)
    stay = {domain: None for domain in asked.sites if domain in rig.good.sites}
    before = {domain: seen for domain, seen in before.items() if domain in stay}
    with rig.visited(stay):
        rig.write(asked)
        with case.fault(rig):
            done = case.act(rig)
            outcome.status = done.status
            outcome.harm += _came_to(rig, case, before, done)
        if case.then:
            rig.write(case.then(asked))
        again = rig.apply()
        lost = _lost(rig, before)
        if again.status:
            outcome.harm.append("the next apply fails too")
        if lost:
            outcome.harm.append(f"after the next apply {lost}")
    if rig.tallies.failed:
        outcome.harm.append(f"{len(rig.tallies.failed)} requests failed")


def _came_to(rig: Rig, case: Case, before: dict[str, Seen], done: Applied) -> Iterator[str]:
    """Tell what the naive way left, in words."""
    lost = _lost(rig, before)
    if lost:
        yield lost
    is_made = not lost and case.mark and rig.look(CHANGED)[CHANGED].changed == case.mark
    if case.expect.fails and not done.status and not is_made:
        yield "the apply says success"
    if not case.expect.fails and done.status:
        yield "the apply fails"
    if not case.expect.fails and not done.status and any(invariants.is_told(case.expect, done)):
        yield "nothing tells of it"
    if down := _down(before, invariants.cold(rig)):
        yield f"after a reboot {down}"


def _lost(rig: Rig, before: dict[str, Seen]) -> str:
    """Name the sites that do not answer, once they had the time to."""
    end = time.monotonic() + _PATIENCE
    time.sleep(_LINGER)
    while (lost := _down(before, rig.look())) and time.monotonic() < end:
        time.sleep(_LINGER)
    return lost


def _down(before: dict[str, Seen], seen: dict[str, Seen]) -> str:
    """Name the sites that no longer answer; "" where all do."""
    down = [
        domain
        for domain in before
        if seen.get(domain, Seen(0)).status != 200 or domain not in seen[domain].sites.split()
    ]
    return f"{'every site' if len(down) == len(before) else ', '.join(down)} down" if down else ""
