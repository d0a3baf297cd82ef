"""The commands, each a few lines: what each does stands in the module it calls.

Exit status: 0 done; 1 what was checked falls short, or something failed; 2 the fleet file or the
call is wrong; 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from modules.cli import releases, rollback, sandbox, verify
from modules.cli.output import (
    DEFAULT,
    ROOT,
    FleetArgument,
    console,
    counted,
    leave_unsaid,
    tell,
)
from modules.fleet import FleetError, LockMode, load_fleet, lock, release_port
from modules.plan import make_plan, warnings


class _Commands(TyperGroup):
    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that is called; an interrupted one ends as a shell's own would."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort):
            print("interrupted", file=sys.stderr)
            sys.exit(130)


app = typer.Typer(
    name="portico",
    cls=_Commands,
    help="Many HTTPS domains, each behind its own certificate, on one Apache, without SNI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ports = typer.Typer(help="The ports in the lock.", invoke_without_command=True)
app.add_typer(ports, name="ports")
app.add_typer(sandbox.app, name="sandbox")


def main() -> None:
    """Run the command line; what a person can mend is told without a traceback."""
    try:
        try:
            app(prog_name="portico")
        finally:
            sys.stdout.flush()
    except FleetError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        # Here, as a command that ends well, by SystemExit, doesn't pay for the sandbox.
        from modules.servers import ServerError  # noqa: PLC0415
        from sandbox.errors import SandboxError  # noqa: PLC0415

        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EPIPE}:
            leave_unsaid()
        elif not isinstance(error, SandboxError | ServerError):
            raise
        print(error, file=sys.stderr)
        sys.exit(1)


@app.command()
def validate(fleet_file: FleetArgument = DEFAULT) -> None:
    """Check the fleet file and its lock; print every problem at once."""
    fleet = load_fleet(fleet_file, LockMode.READ)
    told = tell(warnings(fleet, make_plan(fleet), str(fleet_file)))
    found = counted(told, "warning") if told else "no problems"
    print(f"{fleet_file}: {counted(len(fleet.sites), 'site')}, {found}")


@app.command()
def show(
    fleet_file: FleetArgument = DEFAULT,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what will exist."""
    from modules.cli import show as view  # noqa: PLC0415 - a module a command

    fleet = load_fleet(fleet_file, LockMode.READ)
    plan = make_plan(fleet)
    found = warnings(fleet, plan, str(fleet_file))
    if as_json:
        print(view.as_json(plan))
    else:
        console().print(view.as_table(plan))
    tell(found)


@app.command()
def synth(fleet_file: FleetArgument = DEFAULT) -> None:
    """Write the Terraform JSON into the checkout's cdktf.out, as `python main.py` does."""
    environment = {**os.environ, "PORTICO_FLEET": str(fleet_file.absolute())}
    command = [sys.executable, str(ROOT / "main.py")]
    sys.exit(subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode)


app.command("verify")(verify.on_aws)
app.command("releases")(releases.on_aws)
app.command("rollback")(rollback.on_aws)
sandbox.app.command("verify")(verify.in_sandbox)
sandbox.app.command("releases")(releases.in_sandbox)
sandbox.app.command("rollback")(rollback.in_sandbox)


FleetOption = Annotated[
    Path | None, typer.Option("--fleet", envvar="PORTICO_FLEET", help="The fleet file.")
]
"""For commands whose first word is another one's name."""


@ports.callback()
def list_ports(context: typer.Context, fleet_file: FleetOption = None) -> None:
    """List which domain owns which port; a removed domain's port rests."""
    context.obj = fleet_file or DEFAULT
    if context.invoked_subcommand is None:
        fleet = load_fleet(context.obj, LockMode.READ)
        held = lock.read(fleet.path.with_name(lock.FILE_NAME)).ports
        for domain, port in sorted(fleet.ports.items(), key=lambda item: item[1]):
            rests = "  (rests)" if domain in fleet.resting else ""
            new = "" if domain in held else "  (not in the lock yet)"
            print(f"{port:>5}  {domain}{rests}{new}")


@ports.command()
def release(context: typer.Context, domain: str, fleet_file: FleetOption = None) -> None:
    """Free the resting port of DOMAIN, which is in the lock but no longer in the file."""
    print(f"port {release_port(fleet_file or context.obj, domain)} of {domain} is free")
