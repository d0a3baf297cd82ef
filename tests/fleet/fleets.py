"""Fleet files for tests: written to a folder, loaded from there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from modules.fleet import Fleet, FleetError, LockMode, load_fleet
from modules.fleet.lock import FILE_NAME
from tests.fleet.golden import complete

PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""


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


# --- branches --------------------------------------------------------------------------------


def git_repository(folder: Path) -> None:
    """Make `folder` a repository with all that is in it."""
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "start")


def git_branch(folder: Path, name: str, *, commit: bool = False) -> None:
    """Start a branch at main, or commit to it what changed."""
    if commit:
        _git(folder, "commit", "-q", "-a", "-m", name)
    else:
        _git(folder, "checkout", "-q", "-b", name, "main")


def git_merge(folder: Path, name: str, *, check: bool = True) -> None:
    """Merge a branch; without `check` conflicts stay in the files."""
    preferring = ("-X", "ours") if check else ()
    _git(folder, "merge", "-q", *preferring, name, check=check)


def _git(folder: Path, *arguments: str, check: bool = True) -> None:
    identity = {
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.com",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.com",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=check,
        capture_output=True,
        env={**os.environ, **identity},
    )
