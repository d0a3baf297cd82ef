"""Fleet files for tests: written to a folder, loaded from there."""

from __future__ import annotations

import json
from pathlib import Path

from modules.fleet import Fleet, FleetError, LockMode, load_fleet
from modules.fleet.lock import FILE_NAME
from tests.fleet.golden import complete


def write_fleet(folder: Path, *domains: str) -> Path:
    """Write a fleet of `domains` into `folder`."""
    sites = "".join(f"  {domain}:\n" for domain in domains)
    path = folder / "fleet.yaml"
    path.write_text(complete(f"sites:\n{sites}"), "utf-8")
    return path


def locked(folder: Path) -> dict[str, int]:
    """The ports in the lock of `folder`."""
    document = json.loads((folder / FILE_NAME).read_text("utf-8"))
    ports: dict[str, int] = document["ports"]
    return ports


def problems(path: Path, lock: LockMode = LockMode.READ) -> list[str]:
    """The codes of the problems with the fleet at `path`."""
    return [problem.code for problem in loaded(path, lock)[1].problems]


def loaded(path: Path, lock: LockMode = LockMode.READ) -> tuple[Fleet | None, FleetError]:
    """The fleet at `path`, or the error with its problems."""
    try:
        return load_fleet(path, lock), FleetError([])
    except FleetError as error:
        return None, error
