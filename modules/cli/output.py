"""What the commands share: the fleet argument, and where output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.fleet.problems import Problem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: `main.py`, `cdktf.json` and the launcher are there."""

DEFAULT = Path("fleet.yaml")

FleetArgument = Annotated[
    Path, typer.Argument(envvar="PORTICO_FLEET", help="The fleet file.", metavar="FLEET")
]

_WIDTH = 140
_NUMBERS = frozenset({"port", "need", "of", "sites"})


def console(*, stderr: bool = False) -> Console:
    """Return a console that never cuts a table where the output is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - validate doesn't pay for tables

    output = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if output.isatty() else _WIDTH)


def leave_unsaid() -> None:
    """Drop what stdout still holds, where nobody reads it or the disk that it goes to is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def new_table(*headings: str) -> Table:
    """Return a table without rows, whose columns of numbers stand at the right."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        number = heading in _NUMBERS
        table.add_column(heading, overflow="fold", justify="right" if number else "left")
    return table


def tell(warnings: Sequence[Problem]) -> int:
    """Print warnings where they stand in no way of the output; return how many."""
    for warning in warnings:
        print(warning.as_warning, file=sys.stderr)
    return len(warnings)


def counted(number: int, noun: str) -> str:
    """Return `1 site`, `2 sites`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
