"""The examples' fleets, each in a folder of the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import sandbox
from sandbox import Sandbox
from sandbox.state import CHECKOUT


def copied(name: str, folder: Path) -> Path:
    """Copy an example; return its fleet file."""
    target = folder / name
    shutil.copytree(CHECKOUT / "examples" / name, target, ignore=shutil.ignore_patterns("pem"))
    return target / "fleet.yaml"


def lock(fleet: Path) -> tuple[str, str]:
    """Return an example's lock as it is committed, and as it is now beside the copy."""
    committed = CHECKOUT / "examples" / fleet.parent.name / "fleet.lock.json"
    return committed.read_text(), (fleet.parent / "fleet.lock.json").read_text()


def assert_good(up: Sandbox) -> None:
    """Every name is verified, and a second plan changes nothing."""
    assert sandbox.verify_sandbox(up).reasons == ()
    assert not up.terraform.changes()
