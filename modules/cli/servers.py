"""The fleet's servers as the commands reach them, on AWS and in a sandbox."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.cli.output import DEFAULT
from modules.cli.sandbox import become_root
from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan

if TYPE_CHECKING:
    from modules.servers import Login

HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host", metavar="NAME=ADDRESS", help="Where a server is, if not at its ssh.host."
    ),
]


@dataclass(frozen=True, slots=True)
class Servers:
    """A fleet whose servers can be reached."""

    plan: Plan
    login: Callable[[str], Login]
    """By the server's name; raises ServerError."""
    command: str
    """What a person types: `portico` or `portico sandbox`."""
    file: Path
    hosts: tuple[str, ...] = ()
    """As `--host` has them."""

    def typed(self, word: str, *options: str) -> str:
        """Return a command line of a subcommand about these servers."""
        file = [] if self.file == DEFAULT else [str(self.file)]
        hosts = [f"--host={each}" for each in self.hosts]
        return f"{self.command} {shlex.join((word, *file, *options, *hosts))}"


def real(fleet_file: Path, hosts: Sequence[str] | None) -> Servers:
    """Reach the servers on AWS; `hosts` as the option has it."""
    from modules.servers import login_of  # noqa: PLC0415 - validate doesn't pay for ssh

    plan = make_plan(load_fleet(fleet_file, LockMode.READ))
    known = {each.name: each for each in plan.servers}
    at = {}
    for each in hosts or ():
        name, _, address = each.partition("=")
        check_server(plan, name, "--host")
        if not address:
            raise typer.BadParameter(f"{each!r} is not NAME=ADDRESS", param_hint="--host")
        at[name] = address.removeprefix("[").removesuffix("]")
    return Servers(
        plan,
        lambda name: login_of(plan, known[name], at.get(name)),
        "portico",
        fleet_file,
        tuple(hosts or ()),
    )


def sandboxed(fleet_file: Path) -> Servers:
    """Reach the servers of a sandbox that is up."""
    become_root()
    import sandbox  # noqa: PLC0415 - boto3 and moto are a second's import

    found = sandbox.find(fleet_file)
    return Servers(found.plan, found.login, "portico sandbox", fleet_file)


def check_server(plan: Plan, name: str, option: str) -> None:
    """Refuse a server's name that the fleet file doesn't have."""
    names = [each.name for each in plan.servers]
    if name not in names:
        raise typer.BadParameter(
            f"{name!r} is no server of the fleet file, which has {', '.join(names)}",
            param_hint=option,
        )


def tell_errors(errors: Mapping[str, str]) -> None:
    """Print what each server's trouble is, where it stands in no way of the output."""
    for name, error in errors.items():
        print(f"{name}: {error.removeprefix(f'{name}: ')}", file=sys.stderr)


def shown_time(time: datetime | None) -> str | None:
    """Return a time as `--to` takes it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else None
