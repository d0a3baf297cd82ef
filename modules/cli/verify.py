"""`portico verify`, also in the sandbox: what clients see, and what servers say of themselves."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from modules.cli.output import DEFAULT, FleetArgument, console
from modules.cli.servers import HostOption
from modules.cli.steps import Steps

if TYPE_CHECKING:
    from modules.plan import Plan
    from modules.verify import Verification

DAYS = 21
"""As in `modules.verify`."""

DaysOption = Annotated[
    int,
    typer.Option("--days", min=0, max=3650, help="Certificates with fewer days left fall short."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines; nothing else on stdout.")]
ServersOption = Annotated[
    bool | None,
    typer.Option(
        "--servers/--no-servers",
        help="Whether a server that can't be reached by ssh falls short, or none is looked at."
        " By default each is looked at that can be.",
        show_default=False,
    ),
]
InternalOption = Annotated[
    bool | None,
    typer.Option(
        "--internal/--no-internal",
        help="Whether an internal site that can't be reached from here falls short, or none is"
        " visited. By default each is visited that can be.",
        show_default=False,
    ),
]


def on_aws(  # noqa: PLR0913 - as many as it has options
    fleet_file: FleetArgument = DEFAULT,
    *,
    days: DaysOption = DAYS,
    servers: ServersOption = None,
    internal: InternalOption = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Visit every name of every site on AWS, and look at the servers: it changes nothing."""
    from modules.cli.servers import real  # noqa: PLC0415 - validate doesn't pay for sslyze
    from modules.verify import View, Wish, verify, visiting  # noqa: PLC0415

    found = real(fleet_file, host)
    wish = Wish(
        days,
        logins=None if servers is False else lambda server: found.login(server.name),
        servers_demanded=servers is True,
        internal=internal,
    )
    with Steps(console(stderr=as_json)) as steps:
        steps(visiting(found.plan))
        verification = verify(found.plan, View(), wish)
    conclude(verification, found.plan if as_json else None, days=days)


def in_sandbox(
    fleet_file: FleetArgument = DEFAULT,
    *,
    days: DaysOption = DAYS,
    servers: Annotated[bool, typer.Option(help="Look at the servers too.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Visit every name of every site in the sandbox, and look at its servers."""
    from modules.cli.sandbox import become_root  # noqa: PLC0415

    become_root()
    import sandbox  # noqa: PLC0415 - boto3 and moto are a second's import

    found = sandbox.find(fleet_file)
    with Steps(console(stderr=as_json)) as steps:
        verification = sandbox.verify_sandbox(found, steps, days=days, servers=servers)
    conclude(verification, found.plan if as_json else None, days=days)


def conclude(verification: Verification, plan: Plan | None = None, *, days: int = DAYS) -> None:
    """Tell what came of it, as JSON of a `plan`; exit with 0 if all is well, 1 if not."""
    from modules.verify import document, table  # noqa: PLC0415

    if plan:
        print(document.as_json(plan, verification, days=days, now=dt.datetime.now(dt.UTC)))
    else:
        console().print(table.table(verification))
    sys.exit(0 if verification.ok else 1)
