"""What the commands share: the fleet argument, and where output goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.fleet.problems import Problem

if TYPE_CHECKING:
    from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: `main.py`, `cdktf.json` and the launcher are there."""

DEFAULT = Path("fleet.yaml")

FleetArgument = Annotated[
    Path, typer.Argument(envvar="PORTICO_FLEET", help="The fleet file.", metavar="FLEET")
]

_WIDTH = 140


def console() -> Console:
    """Return a console that never cuts a table where the output is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - validate doesn't pay for tables

    return Console() if sys.stdout.isatty() else Console(width=_WIDTH)


def tell(warnings: Sequence[Problem]) -> int:
    """Print warnings where they stand in no way of the output; return how many."""
    for warning in warnings:
        print(warning.as_warning, file=sys.stderr)
    return len(warnings)


def counted(number: int, noun: str) -> str:
    """Return `1 site`, `2 sites`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
