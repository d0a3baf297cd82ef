"""Waiting for something outside this process, never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.errors import SandboxError

T = TypeVar("T")


def until(
    what: str,
    look: Callable[[], T | None],
    *,
    seconds: float = 15,
    pause: float = 0.05,
    gone: Callable[[], str | None] = lambda: None,
) -> T:
    """Return what `look` finds, as soon as it is neither None nor False.

    `gone` tells why it can't come any more, if so.

    :raises SandboxError: it did not come within `seconds`, or can't.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None and found is not False:
            return found
        if reason := gone():
            raise SandboxError(f"{what}: {reason}")
        time.sleep(pause)
    raise SandboxError(f"{what}: not within {seconds:g} s")
