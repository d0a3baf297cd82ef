"""Many sites become live in one release."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from tests.faults import invariants
from tests.faults.case import Case, applied, lock_as_before
from tests.faults.fleet import Fleet, cheap_site
from tests.faults.invariants import Broken
from tests.faults.rig import Applied, Rig

_SITES = 1000
_HOME = "many.example"


def thousand(fleet: Fleet) -> Fleet:
    """Fill the fleet up."""
    more = range(_SITES - len(fleet.sites))
    names = {f"site-{number:03}.{_HOME}": cheap_site() for number in more}
    return replace(fleet, sites={**fleet.sites, **names})


def few(fleet: Fleet) -> Fleet:
    sites = {name: lines for name, lines in fleet.sites.items() if not name.endswith(_HOME)}
    return replace(fleet, sites=sites)


def released(rig: Rig) -> Applied:
    """Apply the release alone: the emulator takes many minutes for as many target groups."""
    ports = rig.ports
    rig.synthesize()
    begun, uploaded = time.monotonic(), []

    def hear(line: str) -> None:
        if "Provisioning with 'file'" in line:
            uploaded.append(time.monotonic())

    done = rig.release(hear)
    ended = time.monotonic()
    if not (done.status or rig.is_naive):
        rig.notes.append(
            f"{len(rig.ports)} sites, each by its own certificate, after a cold start too;"
            f" {ended - min(uploaded):.0f} s from upload to serving, {ended - begun:.0f} s with"
            " the plan"
        )
        broken = [*_judged(rig, ports, done)]
        assert not broken, broken[:3]
    return done


def _judged(rig: Rig, ports: dict[str, int], done: Applied) -> Iterator[Broken]:
    """Judge the invariants with all the sites."""
    seen, generation = rig.look(), rig.machine.generation()
    yield from invariants.each_has_its_own(rig, seen)
    yield from invariants.starts_cold(rig, seen)
    yield from invariants.ports_stay(rig, ports)
    yield from invariants.is_secret(rig, done.output)
    again = rig.release()
    if "No changes." not in again.output or rig.machine.generation() != generation:
        yield Broken(4, again.output[-500:])


CASES = (
    Case("size-thousand-sites", applied(), lock_as_before, thousand, few, released, minutes=4),
)
