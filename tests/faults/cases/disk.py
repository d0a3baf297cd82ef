"""A disk is full, or /tmp is not what programs expect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults.case import Case, Fault, applied, refused
from tests.faults.rig import Rig

_UPLOAD = r"Error: .*(Upload failed|upload failed|No space left|file provisioner error)"


def full(folder: str, room: int = 0) -> Fault:
    """Have a folder's disk full, but for `room` bytes."""

    def fault(rig: Rig) -> AbstractContextManager[None]:
        return rig.machine.full(folder, room)

    return fault


def remounted(folder: str, options: str, undo: str) -> Fault:
    """Have a file system of the server's mounted with other options."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        rig.machine.run("mount", "-o", f"remount,{options}", folder)
        try:
            yield
        finally:
            rig.machine.run("mount", "-o", f"remount,{undo}", folder)

    return fault


_TMP = "/tmp"  # noqa: S108 - the server's

CASES = (
    Case("disk-full-for-upload", refused(_UPLOAD), fault=full("/home/admin", 16384)),
    Case(
        "disk-full-for-staging",
        refused(r"/etc/portico has \d+ KB free"),
        fault=full("/etc/portico"),
        naive="it stages nothing",
    ),
    Case(
        "disk-full-for-configuration",
        refused("No space left|KB free"),
        fault=full("/etc/apache2"),
    ),
    Case(
        "disk-full-for-logs",
        refused(r"/var/log/apache2 has \d+ KB free"),
        fault=full("/var/log/apache2"),
    ),
    Case(
        "disk-full-for-state",
        refused(r"/var/lib/portico has \d+ KB free"),
        fault=full("/var/lib/portico"),
        naive="it keeps no state",
    ),
    Case(
        "disk-full-for-run",
        refused(r"/run/apache2 has \d+ KB free"),
        fault=full("/run/apache2"),
        quick=True,
    ),
    Case("disk-full-for-tmp", applied(), fault=full(_TMP)),
    Case("disk-tmp-read-only", applied(), fault=remounted(_TMP, "ro", "rw")),
    Case("disk-tmp-noexec", applied(), fault=remounted(_TMP, "noexec", "exec")),
)
