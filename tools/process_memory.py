"""Memory of the processes of a program that share a process's mount namespace, over a while."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PERIOD = 0.25
"""Seconds between two looks; a look at a large Apache takes some milliseconds."""


class Memory:
    """The sum of their proportional set sizes, in megabytes (10^6 bytes).

    A page that processes share counts once in all: https://docs.kernel.org/filesystems/proc.html.
    """

    def __init__(self, pid: int, program: str) -> None:
        self._namespace = Path(f"/proc/{pid}/ns/mnt").readlink()
        self._program = program
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.rest = self.now()
        """At the beginning."""
        self.peak = self.rest

    def now(self) -> float:
        return sum(self._of(process) for process in Path("/proc").glob("[0-9]*"))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(PERIOD):
            self.peak = max(self.peak, self.now())

    def _of(self, process: Path) -> float:
        try:
            if (process / "exe").readlink().name != self._program:
                return 0
            if (process / "ns/mnt").readlink() != self._namespace:
                return 0
            text = (process / "smaps_rollup").read_text()
        except OSError:  # it has ended
            return 0
        found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else 0
