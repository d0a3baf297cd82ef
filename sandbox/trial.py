"""Visits to a sandbox, and its whole life in one call."""

from __future__ import annotations

from pathlib import Path

from modules.fleet import LockMode, load_fleet
from modules.plan import make_plan
from sandbox import life
from sandbox.client import View
from sandbox.life import Sandbox
from sandbox.progress import Progress, silent
from sandbox.verifier import Verification
from sandbox.verifier import verify as verify_names


def verify(fleet_file: Path, progress: Progress = silent) -> Verification:
    """Visit every name of every site in the fleet's sandbox.

    :raises SandboxError: it is not up.
    """
    return verify_sandbox(life.find(fleet_file), progress)


def verify_sandbox(sandbox: Sandbox, progress: Progress = silent) -> Verification:
    """Visit every name of every site in a sandbox."""
    progress("visiting every name without SNI")
    view = View(sandbox.nameserver, sandbox.root_certificate)
    return verify_names(sandbox.plan, view, pages_tell=True)


def verify_real(fleet_file: Path, progress: Progress = silent) -> Verification:
    """Visit every name of every site of the real fleet: public DNS, public certificates."""
    plan = make_plan(load_fleet(fleet_file, LockMode.READ))
    progress("visiting every name without SNI")
    return verify_names(plan, View(), pages_tell=False)


def run(fleet_file: Path, progress: Progress = silent, *, keep: bool = False) -> Verification:
    """Bring a sandbox up, visit it, and take it down, whatever comes; `keep` leaves it up.

    :raises FleetError: the file can't be used.
    :raises SandboxError: it can't be brought up.
    """
    with life.interruptible():
        try:
            return verify_sandbox(life.up(fleet_file, progress), progress)
        finally:
            if not keep:
                progress("taking the sandbox down")
                life.down(fleet_file)
