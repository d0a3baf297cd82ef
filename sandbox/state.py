"""What is kept of a sandbox between two commands: where its files lie, and what runs.

A sandbox belongs to a fleet file, by its path: it can be taken down when the file is broken.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from sandbox.enclosure import Enclosure
from sandbox.errors import SandboxError
from sandbox.processes import Process

CHECKOUT = Path(__file__).resolve().parent.parent
PORTICO = CHECKOUT / ".portico"
HOME = PORTICO / "sandbox"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fleet file's sandbox lies."""

    fleet: Path
    folder: Path

    @classmethod
    def of(cls, fleet: Path, home: Path = HOME) -> Place:
        """Find the place of a fleet file, which need not exist any more."""
        fleet = fleet.resolve()
        slug = re.sub(r"[^a-z0-9]+", "-", fleet.parent.name.lower()).strip("-")[:24]
        digest = hashlib.sha256(os.fsencode(fleet)).hexdigest()[:6]
        return cls(fleet, home / f"{slug or 'fleet'}-{digest}")

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def cdktf_out(self) -> Path:
        """Lies over the checkout's `cdktf.out` inside the enclosure."""
        return self.folder / "cdktf.out"

    @property
    def terraform_state(self) -> Path:
        return self.folder / "terraform.tfstate"

    @property
    def certificates(self) -> Path:
        """PEM files with certificate, chain and key, one an ARN."""
        return self.folder / "certificates"

    @property
    def authority(self) -> Path:
        return self.folder / "authority"

    @property
    def backend(self) -> Path:
        """PEM files of the certificates that the team has put on its servers."""
        return self.folder / "backend"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def server(self, name: str) -> Path:
        """Folder that is the root of a server's file system."""
        return self.folder / "servers" / name

    def create(self) -> None:
        """Make the folders; keys lie below, so nobody else may look in."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.cdktf_out, self.certificates, self.authority, self.logs):
            folder.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Remove every file of the sandbox."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear_all_but_logs(self) -> None:
        """Remove what a sandbox that failed leaves, but for the logs that tell why."""
        if self.folder.exists():
            for entry in self.folder.iterdir():
                if entry.is_dir() and entry != self.logs:
                    shutil.rmtree(entry, ignore_errors=True)
                elif not entry.is_dir():
                    entry.unlink()


@dataclass(frozen=True, slots=True)
class State:
    """What runs."""

    first: Process
    block: str
    """The loopback addresses that are this sandbox's."""
    ready: bool = False
    """Whether a first `up` has got to its end."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Loopback address of each balancer, by its DNS name in AWS."""
    links: Mapping[str, str] = field(default_factory=dict)
    """First address of each server in the VPC."""

    @property
    def enclosure(self) -> Enclosure:
        return Enclosure(self.first)


def load(place: Place) -> State | None:
    """Return what was kept, or None if nothing was."""
    try:
        kept: dict[str, Any] = json.loads(_file(place).read_text())
    except FileNotFoundError:
        return None
    first = Process(**kept.pop("first"))
    if kept.keys() != {each.name for each in fields(State)} - {"first"}:
        # Another version of Portico wrote it: good for nothing but to be ended.
        return State(first, block="")
    return State(first, **kept)


def running(place: Place) -> State:
    """Return the state of a sandbox that is up.

    :raises SandboxError: it is not.
    """
    state = load(place)
    if state is None or not state.ready or not state.enclosure.alive:
        raise SandboxError(
            f"there is no sandbox of {place.fleet}: portico sandbox up {place.fleet}"
        )
    return state


def save(place: Place, state: State) -> None:
    """Keep the state, whole or not at all."""
    new = _file(place).with_suffix(".new")
    new.write_text(json.dumps(asdict(state), indent=2) + "\n")
    new.replace(_file(place))


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Keep other commands from changing the same sandbox.

    :raises SandboxError: one does so now.
    """
    path = place.folder.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = os.path.samestat(os.fstat(lock.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            raise SandboxError(
                f"another command changes the sandbox of {place.fleet} now: let it end first"
            )
        yield
        if not place.folder.exists():
            path.unlink()


def _file(place: Place) -> Path:
    return place.folder / "state.json"
