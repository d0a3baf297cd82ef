"""Inputs drawn by hypothesis, as many as a test can bear, and how many of them it tried."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")
SEED = int(os.environ.get("PORTICO_SEED", "4"))
"""Of all that is drawn here: the same number draws the same inputs from the same code, whose
constants hypothesis draws as well."""


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Draw some `count` values, to be tried in batches: a fleet holds many of them at once."""
    found: list[T] = []

    @seed(SEED)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    collect()
    return found


@dataclass
class Count:
    tried: int = 0
    refused: int = 0

    @property
    def accepted(self) -> int:
        return self.tried - self.refused

    def add(self, tried: int, refused: int) -> None:
        self.tried += tried
        self.refused += refused

    def tell(self, capfd: pytest.CaptureFixture[str], what: str) -> None:
        """Write the figures where a worker of pytest-xdist is heard too."""
        with capfd.disabled():
            sys.stderr.write(
                f"\n{what}: {self.tried} tried, {self.refused} refused, "
                f"{self.accepted} accepted and inert (PORTICO_SEED={SEED})\n"
            )
