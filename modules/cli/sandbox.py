"""`portico sandbox …`: a fleet on loopback."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.cli.output import DEFAULT, ROOT, FleetArgument, console
from modules.cli.steps import Steps
from modules.fleet import load_fleet

if TYPE_CHECKING:
    from sandbox import Sandbox

app = typer.Typer(
    help="The fleet on loopback: real Terraform, sshd, Apache and TLS; AWS is played.",
    no_args_is_help=True,
)


@app.command()
def up(fleet_file: FleetArgument = DEFAULT) -> None:
    """Bring the fleet up; once it is up, apply what has changed in the file."""
    load_fleet(fleet_file)
    become_root()
    import sandbox  # noqa: PLC0415 - boto3 and moto are a second's import

    with Steps(console()) as steps:
        found = sandbox.up(fleet_file, steps)
    _tell_how_to_visit(found)


@app.command()
def down(fleet_file: FleetArgument = DEFAULT) -> None:
    """Take it down; nothing of it stays."""
    become_root()
    import sandbox  # noqa: PLC0415

    sandbox.down(fleet_file)


@app.command()
def run(
    fleet_file: FleetArgument = DEFAULT,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave it up, and tell how to visit it.")
    ] = False,
) -> None:
    """Up, verify and down, with one exit status."""
    load_fleet(fleet_file)
    become_root()
    import sandbox  # noqa: PLC0415
    from modules.cli.verify import conclude  # noqa: PLC0415 - it imports this module

    with Steps(console()) as steps:
        verification = sandbox.run(fleet_file, steps, keep=keep)
    if keep:
        _tell_how_to_visit(sandbox.find(fleet_file))
    conclude(verification)


def _tell_how_to_visit(found: Sandbox) -> None:
    from sandbox import report  # noqa: PLC0415

    print(f"\n{report.visit(found)}\n\nportico sandbox down {_shown(found.place.fleet)}")


def _shown(path: Path) -> Path:
    """The path as a person in the current folder writes it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def become_root() -> None:
    """Run the same command again by sudo, where this is not root and sudo is there.

    What a user is to own is made before: the lock, and the folder that the sandbox lies over.
    """
    if os.geteuid() == 0 or shutil.which("sudo") is None:
        return
    (ROOT / "cdktf.out").mkdir(exist_ok=True)
    kept = "--preserve-env=CI,PORTICO_FLEET,TERM"
    quiet = "PYTHONDONTWRITEBYTECODE=1"
    os.execvp("sudo", ["sudo", kept, "env", quiet, str(ROOT / "portico"), *sys.argv[1:]])
