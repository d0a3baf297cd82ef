"""Processes that outlive the command that started them, and are told from strangers later."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

_STATE, _START_TIME = 0, 19
"""Places in `/proc/PID/stat` after the command's name: proc(5), fields 3 and 22."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process by number, start time and boot; a number alone may be a stranger's by now."""

    pid: int
    started: int
    """Clock ticks after boot."""
    boot: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Identify a process that runs.

        :raises ProcessLookupError: there is none.
        """
        fields = _stat(pid)
        if fields is None:
            raise ProcessLookupError(pid)
        return cls(pid, int(fields[_START_TIME]), _boot())

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie doesn't."""
        fields = _stat(self.pid)
        return (
            fields is not None
            and fields[_STATE] != "Z"
            and int(fields[_START_TIME]) == self.started
            and _boot() == self.boot
        )

    def kill(self, seconds: float = 10) -> bool:
        """Kill the process and wait for its end; say whether it ended within `seconds`."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive:
                return True
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        except ProcessLookupError:
            return True
        finally:
            os.close(handle)


def children(pid: int) -> list[int]:
    """Return the numbers of a process's children; none when it is gone."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, thread.read_text().split())
    return found


def command_line(pid: int) -> list[str]:
    """Return the words of a process's command line; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
