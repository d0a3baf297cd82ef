"""What the commands share: the fleet argument, and where output goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
