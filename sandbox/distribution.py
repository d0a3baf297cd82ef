"""What a sandbox server's disk knows of a family of distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Distribution:
    """How Apache comes to a server of the family, and how the machine's boot starts it."""

    account: str
    """Who Apache's workers are."""
    number: int
    """Of the account and its group."""
    start: str
    """Shell command of the boot."""
    install: Callable[[Path], None]
    """Does to the disk below a folder what installing the distribution's package does."""
