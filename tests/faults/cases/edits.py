"""Somebody edits on the server what Portico wrote there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sandbox
from tests.faults.case import Act, Case, Expect, Fault, Serves, applied
from tests.faults.fleet import same
from tests.faults.machine import CURRENT
from tests.faults.naive import FILE
from tests.faults.rig import Applied, Rig

_MARK = "# by hand"
_STUB = "/etc/apache2/conf-enabled/portico.conf"
_CONFIGURATION = f"{CURRENT}/portico.conf"


def edited(path: str) -> Fault:
    """Add a line to a file."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        file = rig.machine.path(FILE if rig.is_naive else path)
        before = file.read_text()
        file.write_text(f"{before}{_MARK}\n")
        yield
        if file.read_text() == f"{before}{_MARK}\n":
            file.write_text(before)

    return fault


def kept(name: str) -> Act:
    """Apply, and find the edited file kept aside."""

    def act(rig: Rig) -> Applied:
        done = rig.apply()
        aside = rig.machine.path("/var/lib/portico/edited")
        found = [*aside.rglob(name)]
        assert rig.is_naive or any(_MARK in file.read_text() for file in found), found
        return done

    return act


def seen(rig: Rig) -> Applied:
    """Apply what is live already, which has Terraform find nothing to do, and verify."""
    done = rig.apply()
    told = sandbox.verify_sandbox(rig.up).reasons
    assert any("changed by hand: /etc/portico/" in line for line in told), told
    return done


_TOLD = r"portico\.conf was changed by hand; kept in /var/lib/portico/edited/\S+/portico\.conf"

CASES = (
    Case(
        "edits-configuration",
        applied(rf"/etc/portico/releases/\S+{_TOLD}"),
        edited(_CONFIGURATION),
        act=kept("portico.conf"),
    ),
    Case(
        "edits-stub",
        applied(rf"/etc/apache2/conf-enabled/{_TOLD}"),
        edited(_STUB),
        act=kept("portico.conf"),
        naive="its one file is all that can be edited",
    ),
    Case(
        "edits-without-a-change",
        Expect(fails=False, serves=Serves.BEFORE, words=("No changes",)),
        edited(_CONFIGURATION),
        same,
        act=seen,
        naive="nothing there tells of an edit",
    ),
)
