"""`portico releases`: what each server can go back to."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from modules.cli.output import DEFAULT, FleetArgument, console, new_table
from modules.cli.servers import HostOption, Servers, real, sandboxed, shown_time, tell_errors
from modules.plan import Plan

if TYPE_CHECKING:
    from rich.table import Table

    from modules.servers import Kept

VERSION = 1
"""Of the JSON, which `docs/operations.md` describes: rises when a reader of the former one would be
misled."""

JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


def on_aws(
    fleet_file: FleetArgument = DEFAULT, *, as_json: JsonOption = False, host: HostOption = None
) -> None:
    """List the releases that each server keeps, newest first."""
    _list(real(fleet_file, host), as_json=as_json)


def in_sandbox(fleet_file: FleetArgument = DEFAULT, *, as_json: JsonOption = False) -> None:
    """List the releases that each server of the sandbox keeps, newest first."""
    _list(sandboxed(fleet_file), as_json=as_json)


def _list(fleet: Servers, *, as_json: bool) -> None:
    from modules.servers import ServerError, releases  # noqa: PLC0415

    kept: dict[str, Sequence[Kept]] = {}
    errors: dict[str, str] = {}
    for server in fleet.plan.servers:
        try:
            kept[server.name] = releases(fleet.login(server.name))
        except ServerError as error:
            errors[server.name] = str(error)
    if as_json:
        print(_document(fleet.plan, kept, errors))
    else:
        if any(kept.values()):
            console().print(_table(kept))
        for name in (name for name, each in kept.items() if not each):
            print(f"{name}: nothing is deployed")
    tell_errors(errors)
    sys.exit(1 if errors else 0)


def _document(plan: Plan, kept: Mapping[str, Sequence[Kept]], errors: Mapping[str, str]) -> str:
    servers = [
        {
            "name": server.name,
            "error": errors.get(server.name),
            "releases": [
                {**asdict(each), "planned": shown_time(each.planned), "live": shown_time(each.live)}
                for each in kept.get(server.name, ())
            ],
        }
        for server in plan.servers
    ]
    document = {"version": VERSION, "fleet": plan.fleet, "servers": servers}
    return json.dumps(document, indent=2)


def _table(kept: Mapping[str, Sequence[Kept]]) -> Table:
    made = new_table("server", "release", "planned", "went live", "sites", "")
    for name, releases in kept.items():
        for position, each in enumerate(releases):
            said = (("current", each.current), ("previous", each.previous), ("edited", each.edited))
            made.add_row(
                "" if position else name,
                each.release,
                shown_time(each.planned) or "-",
                shown_time(each.live) or "-",
                str(each.sites),
                ", ".join(word for word, holds in said if holds),
            )
    return made
