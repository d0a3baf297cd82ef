"""Many sites become live in one release."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from modules.plan.names import address
from tests.faults import invariants
from tests.faults.case import Case, applied
from tests.faults.fleet import Fleet
from tests.faults.rig import Applied, Rig
from tests.sandbox import fleets

_SITES = 1000
_HOME = "many.example"


def thousand(fleet: Fleet) -> Fleet:
    """Fill the fleet up, with sites that cost AWS as little as can be."""
    arn = fleets.ARN.format(9)
    settings = ("load_balancer: shared", f"certificate: {{arn: '{arn}'}}", "zone: external")
    more = range(_SITES - len(fleet.sites))
    names = {f"site-{number:03}.{_HOME}": settings for number in more}
    return replace(fleet, sites={**fleet.sites, **names})


def few(fleet: Fleet) -> Fleet:
    sites = {name: lines for name, lines in fleet.sites.items() if not name.endswith(_HOME)}
    return replace(fleet, sites=sites)


@contextmanager
def lock_as_before(rig: Rig) -> Iterator[None]:
    """Have the ports free again for the cases to come."""
    lock = rig.fleet.folder / "fleet.lock.json"
    before = lock.read_text()
    yield
    lock.write_text(before)


def released(rig: Rig) -> Applied:
    """Apply the release alone: the emulator takes many minutes for as many target groups."""
    rig.synthesize()
    begun, uploaded = time.monotonic(), []

    def hear(line: str) -> None:
        if "Provisioning with 'file'" in line:
            uploaded.append(time.monotonic())

    target = f"-target=terraform_data.{address(rig.machine.name)}"
    status, output = rig.up.terraform.plain("apply", "-auto-approve", target, hear=hear)
    ended = time.monotonic()
    if not (status or rig.is_naive):
        seen = rig.look()
        broken = [*invariants.each_has_its_own(rig, seen)]
        assert not broken, broken[:3]
        rig.notes.append(
            f"{len(seen)} sites, each by its own certificate; {ended - min(uploaded):.0f} s from"
            f" upload to serving, {ended - begun:.0f} s with the plan"
        )
    return Applied(status, output)


CASES = (Case("size-thousand-sites", applied(), lock_as_before, thousand, few, released),)
