"""Keeps data path and DNS in line with AWS while Terraform changes it.

In AWS they follow at once. So what a change does to clients on its way is seen in the sandbox too,
and not its end alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sandbox.emulator import Emulator
from sandbox.errors import SandboxError

_PAUSE = 0.3
"""Seconds between two looks; far below the seconds that DNS has to be forgotten."""


@contextmanager
def following(emulator: Emulator, refresh: Callable[[], None]) -> Iterator[None]:
    """Call `refresh` after each change of what the emulator holds, until the end of the block.

    What is half made may be refused by a data path: it is tried again after the next look.
    """
    stop = threading.Event()

    def follow(seen: int) -> None:
        while not stop.wait(_PAUSE):
            try:
                changes = emulator.changes
                if changes != seen:
                    refresh()
                    seen = changes
            except SandboxError:
                continue

    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follow, emulator.changes)
        try:
            yield
        finally:
            stop.set()
        following.result()
