"""How a long step says what it does and how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as each step starts and as it gets on."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Tell that `done` of `total` parts of `step` are finished; 0 of 0 without parts."""


def silent(step: str, done: int = 0, total: int = 0) -> None:
    """Tell nobody."""
