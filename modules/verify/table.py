"""What a person reads of a verification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from modules.servers import Status
from modules.verify.client import Page, Redirect, Sight
from modules.verify.servers import ServerResult
from modules.verify.verifier import Result, Verification

_RIGHT = frozenset({"days", "port"})
_FOLDED = frozenset({"name", "address", "certificate"})


def table(verification: Verification) -> RenderableType:
    """Return a row a name, a row a server, and below them the reasons where a check failed."""
    parts: list[RenderableType] = []
    if verification.results:
        optional = {
            "SNI": any(result.site.needs_sni for result in verification.results),
            "server": any(_server(result) for result in verification.results),
        }
        rows = [_row(result) for result in verification.results]
        headings = [heading for heading in rows[0] if optional.get(heading, True)]
        parts.append(_table(headings, ([row[heading] for heading in headings] for row in rows)))
    if any(result.status for result in verification.servers):
        headings = ["server", "release", "Apache", "by hand", "ports", "days", "verified"]
        parts.append(_table(headings, map(_server_row, verification.servers)))
    return Group(*parts, *_verdict(verification))


def _table(headings: Iterable[str], rows: Iterable[Sequence[RenderableType]]) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        made.add_column(
            heading,
            overflow="fold",
            no_wrap=heading not in _FOLDED,
            justify="right" if heading in _RIGHT else "left",
        )
    for row in rows:
        made.add_row(*row)
    return made


def _row(result: Result) -> Mapping[str, RenderableType]:
    sight = _first(result)
    shown = sight.certificates[-1] if sight and sight.certificates else None
    page = sight.page if sight and isinstance(sight.page, Page) else None
    redirect = sight.redirect if sight and isinstance(sight.redirect, Redirect) else None
    return {
        "name": Text(result.name, style="bold" if result.name == result.site.domain else ""),
        "address": Text("\n".join(result.observation.addresses) or "-"),
        # Whatever it is that answered named itself so.
        "certificate": Text(
            f"{shown.names[0]} ({shown.fingerprint[:8]})" if shown and shown.names else "-"
        ),
        "days": _days(shown.days_left if shown else None),
        "SNI": "sent" if result.site.needs_sni else "none",
        "TLS": sight.version if sight and shown else "-",
        "HTTP": str(page.status) if page else "-",
        "redirect": str(redirect.status) if redirect else "-",
        "server": Text(_server(result) or "-"),
        "port": str(result.site.port),
        "verified": Text("not from here", style="yellow")
        if result.out_of_sight and result.ok
        else _verified(result),
    }


def _first(result: Result) -> Sight | None:
    return result.observation.sights[0] if result.observation.sights else None


def _server(result: Result) -> str | None:
    """Return who says it answered, as the sandbox's pages do."""
    sight = _first(result)
    return sight.page.server if sight and isinstance(sight.page, Page) else None


def _server_row(result: ServerResult) -> Sequence[RenderableType]:
    found = result.status
    if found is None:
        return (Text(result.server.name, style="bold"), *["-"] * 5, _verified(result))
    return (
        Text(result.server.name, style="bold"),
        found.release or "-",
        found.apache or "-",
        _by_hand(found),
        _ports(found),
        _days(result.days_left),
        _verified(result),
    )


def _by_hand(found: Status) -> str:
    touched = len(found.edited) + len(found.missing)
    return f"{touched} file{'' if touched == 1 else 's'}" if touched else "nothing"


def _ports(found: Status) -> str:
    """Count the ports on which the live release answers."""
    good = sum(probe.release == found.release for probe in found.ports)
    return f"{good} of {len(found.ports)}"


def _days(left: float | None) -> str:
    return "-" if left is None else f"{left:.0f}"


def _verified(result: Result | ServerResult) -> Text:
    if result.failures:
        return Text("NO", style="bold red")
    if isinstance(result, ServerResult) and result.status is None:
        return Text("not looked at", style="yellow")
    return Text(
        "partly" if result.unknowns else "yes", style="yellow" if result.unknowns else "green"
    )


def _verdict(verification: Verification) -> Iterable[RenderableType]:
    if not verification.results:
        yield Text("There are no sites to verify.")
    if not verification.ok:
        yield from (Text(reason, style="red") for reason in verification.reasons)
    else:
        yield from _praise([each for each in verification.results if not each.out_of_sight])
        yield from _server_praise([each for each in verification.servers if each.status])
    yield from (Text(f"{reason} (not checked)", style="yellow") for reason in verification.unknowns)
    if hidden := [result for result in verification.results if result.out_of_sight]:
        yield Text(
            f"{_names(hidden)} in private zones or behind internal balancers can't be reached from"
            " here."
        )


def _praise(results: Sequence[Result]) -> Iterable[RenderableType]:
    if not results:
        return
    certificates = {
        certificate.fingerprint
        for result in results
        for sight in result.observation.sights
        for certificate in sight.certificates
    }
    counts = [len(result.findings) - len(result.unknowns) for result in results]
    checks = (
        f"all {counts[0]} checks of each passed"
        if len(set(counts)) == 1
        else f"all {sum(counts)} checks passed"
    )
    sent = [result for result in results if result.site.needs_sni]
    how = "without SNI"
    if sent:
        promised = len(results) - len(sent)
        how = f"{promised or 'none'} without SNI, {len(sent)} with it"
    yield Text(f"{_names(results)}, {len(certificates)} certificates: {checks}, {how}.")


def _server_praise(servers: Sequence[ServerResult]) -> Iterable[RenderableType]:
    if servers:
        passed = sum(len(result.findings) - len(result.unknowns) for result in servers)
        noun = "server" if len(servers) == 1 else "servers"
        yield Text(f"{len(servers)} {noun}: all {passed} checks passed.")


def _names(results: Sequence[Result]) -> str:
    return f"{len(results)} names of {len({result.site.domain for result in results})} domains"
