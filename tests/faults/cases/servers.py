"""One server of several fails."""

from __future__ import annotations

from dataclasses import replace

from tests.faults import invariants
from tests.faults.case import Case, refused
from tests.faults.cases.disk import full
from tests.faults.machine import Machine
from tests.faults.rig import Applied, Rig


def first_goes_on(rig: Rig) -> Applied:
    """Apply, and see that the first server has the new release, and that both serve."""
    machine = Machine(rig.up, rig.up.plan.servers[0].name)
    before = machine.current()
    done = rig.apply()
    if not rig.is_naive:
        first, after = replace(rig, machine=machine), machine.look(rig.ports)
        assert machine.current() != before, "the first server has the old release"
        broken = [
            *invariants.each_has_its_own(first, after),
            *invariants.starts_cold(first, after),
            *invariants.is_secret(first, done.output),
        ]
        assert not broken, broken
    return done


CASES = (
    Case(
        "servers-second-fails",
        refused(
            "web-2: refused: every site is served as before: .*(No space left|KB free)",
            r"with terraform_data\.web-2",
        ),
        full("/etc/apache2"),
        act=first_goes_on,
        servers=2,
    ),
)
