"""`portico rollback`: a release that the servers keep becomes live again."""

from __future__ import annotations

import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from modules.cli.output import DEFAULT, FleetArgument, console, leave_unsaid, new_table
from modules.cli.servers import (
    HostOption,
    Servers,
    check_server,
    real,
    sandboxed,
    shown_time,
    tell_errors,
)
from modules.plan import Plan

if TYPE_CHECKING:
    from rich.table import Table

    from modules.servers import Move, Stock

ToOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="RELEASE",
        help="A release that `releases` lists; left out: each server's previous one.",
    ),
]
ServerOption = Annotated[
    list[str] | None,
    typer.Option("--server", metavar="NAME", help="This server alone; can be repeated."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def on_aws(
    fleet_file: FleetArgument = DEFAULT,
    *,
    to: ToOption = None,
    server: ServerOption = None,
    host: HostOption = None,
    yes: YesOption = False,
) -> None:
    """Make a release that the servers keep live again, one server after another."""
    _roll_back(real(fleet_file, host), to, server, yes=yes)


def in_sandbox(
    fleet_file: FleetArgument = DEFAULT,
    *,
    to: ToOption = None,
    server: ServerOption = None,
    yes: YesOption = False,
) -> None:
    """Make a release that the sandbox's servers keep live again, one server after another."""
    _roll_back(sandboxed(fleet_file), to, server, yes=yes)


def _roll_back(fleet: Servers, to: str | None, only: Sequence[str] | None, *, yes: bool) -> None:
    from modules.servers import alike  # noqa: PLC0415
    from modules.servers import moves as find_moves  # noqa: PLC0415

    for name in only or ():
        check_server(fleet.plan, name, "--server")
    names = [each.name for each in fleet.plan.servers if not only or each.name in only]
    stocks = _stocks(fleet, names)
    moves = find_moves(stocks, to, _others(fleet, stocks, to))
    console().print(_table(moves))
    for line in consequences(fleet.plan, moves):
        print(line)
    if not alike(stocks, moves):
        print("the servers will not have the same configuration")
    if not yes:
        _confirm()
    _roll_out(fleet, moves)
    print(_afterwards(fleet, moves))


def _stocks(fleet: Servers, names: Sequence[str]) -> Mapping[str, Stock]:
    """Look at all servers before the first one is changed."""
    from modules.servers import ServerError  # noqa: PLC0415

    stocks, errors = _asked(fleet, names)
    if errors:
        tell_errors(errors)
        hint = "; --server NAME leaves the other servers out" if stocks else ""
        raise ServerError(f"nothing was changed{hint}")
    return stocks


def _others(fleet: Servers, stocks: Mapping[str, Stock], to: str | None) -> Collection[Stock]:
    """Look at the servers that are left out, where `to` may be a release of one of them."""
    if to is None or all(to in {each.release for each in stock.kept} for stock in stocks.values()):
        return ()
    found, errors = _asked(
        fleet, [each.name for each in fleet.plan.servers if each.name not in stocks]
    )
    tell_errors(errors)
    return found.values()


def _asked(fleet: Servers, names: Sequence[str]) -> tuple[dict[str, Stock], dict[str, str]]:
    """Return what each server keeps, or why it doesn't tell."""
    from modules.servers import ServerError, Stock, contents, releases  # noqa: PLC0415

    stocks: dict[str, Stock] = {}
    errors: dict[str, str] = {}
    for name in names:
        try:
            login = fleet.login(name)
            stocks[name] = Stock(releases(login), contents(login))
        except ServerError as error:
            errors[name] = str(error)
    return stocks, errors


def _table(moves: Sequence[Move]) -> Table:
    made = new_table("server", "from", "to", "planned", "sites")
    for each in moves:
        before, after = each.before, each.after
        made.add_row(
            each.server,
            before.release if before else "-",
            after.release,
            shown_time(after.planned) or "-",
            f"{before.sites} → {after.sites}" if before else str(after.sites),
        )
    return made


def consequences(plan: Plan, moves: Sequence[Move]) -> Sequence[str]:
    """Say what visitors will notice, and what is unlike what a person may think."""
    wanted = {site.domain for site in plan.sites}
    lines = []
    for each in moves:
        stops, starts = set(each.stops), set(each.starts)
        for domains, what in (
            (stops & wanted, "stops serving, though the fleet file has it"),
            (stops - wanted, "stops serving"),
            (starts & wanted, "serves again"),
            (starts - wanted, "serves again, though the fleet file has it no more"),
        ):
            lines += [f"{each.server} {what}: {', '.join(sorted(domains))}"] if domains else []
        if each.after.edited:
            lines.append(
                f"{each.server}: {each.after.release} was changed by hand, and comes back as it"
                " was shipped"
            )
    return lines


def _confirm() -> None:
    if not sys.stdin.isatty():
        print("nobody can be asked, as this is no terminal: say --yes", file=sys.stderr)
        sys.exit(2)
    if not typer.confirm("Roll back?"):
        print("nothing was changed")
        sys.exit(1)


def _roll_out(fleet: Servers, moves: Sequence[Move]) -> None:
    """Change one server after another; exit where one fails, and say what is left."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    for position, each in enumerate(moves):
        try:
            failure = _carry_out(fleet, each)
        except KeyboardInterrupt:
            _tell_failure(fleet, moves, position, f"interrupted; {_alone(fleet)}")
            sys.exit(130)
        except OSError as error:
            leave_unsaid()
            failure = f"on this machine: {error.strerror}; {_alone(fleet)}"
        if failure:
            _tell_failure(fleet, moves, position, failure)
            sys.exit(1)


def _carry_out(fleet: Servers, move: Move) -> str:
    """Change one server, and return what went wrong."""
    from modules.servers import Outcome, ServerError, rollback  # noqa: PLC0415

    def tell(line: str) -> None:
        print(f"{move.server}: {line.removeprefix('portico: ')}", flush=True)

    try:
        outcome = rollback(fleet.login(move.server), move.after.release, tell)
    except ServerError as error:
        return f"{error}; {_alone(fleet)}"
    return "" if outcome is Outcome.LIVE else "the line above says why"


def _alone(fleet: Servers) -> str:
    told = fleet.typed("releases")
    return f"what had begun there goes on alone, to the end or back: {told} tells which"


def _typed(fleet: Servers, moves: Sequence[Move], release: str) -> str:
    """Return the command line that takes these servers, and no others, to a release."""
    some = len(moves) < len(fleet.plan.servers)
    only = [f"--server={each.server}" for each in moves] if some else []
    return fleet.typed("rollback", "--to", release, *only)


def _tell_failure(fleet: Servers, moves: Sequence[Move], position: int, failure: str) -> None:
    """Say what is known, and what is left to do."""
    failed = moves[position]
    lines = [f"{failed.server} failed: {failure}"]
    for what, servers in (
        ("changed before", moves[:position]),
        ("as before", moves[position + 1 :]),
    ):
        lines += [f"{what}: {', '.join(each.server for each in servers)}"] if servers else []
    again = _typed(fleet, moves, failed.after.release)
    print("\n".join((*lines, f"to go on when that is mended: {again}")), file=sys.stderr)


def _afterwards(fleet: Servers, moves: Sequence[Move]) -> str:
    newer = [each.before for each in moves if each.before and not each.stays]
    back = f"\n  {_typed(fleet, moves, newer[0].release)}" if newer else ""
    return (
        "Terraform does not know: its next apply ships nothing while the fleet file stays as it"
        " is,\nand plans made before now are refused. To go forward, change the file and apply"
        f"{', or:' if back else '.'}{back}"
    )
