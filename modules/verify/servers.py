"""Looks at the servers by ssh and judges what they say of themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import PurePosixPath

from modules.plan.records import Plan, Server
from modules.servers import (
    Apache,
    Boot,
    Drain,
    Login,
    PortProbe,
    ServerError,
    Status,
    UnreachableError,
    status,
)
from modules.verify import certificates, expected
from modules.verify.checks import Finding, ServerCheck, ServerFindings, Unknown

_CHANGING = (ServerCheck.RELEASE, ServerCheck.EDITS, ServerCheck.PORTS)
"""What a run may be about to set right."""

Logins = Callable[[Server], Login]
"""How to reach a server; raises ServerError where nobody knows."""

_OK = 200
_SHOWN = 5
_AT_ONCE = 8
_DAY = 86400


@dataclass(frozen=True, slots=True)
class ServerResult:
    """What came of one server."""

    server: Server
    findings: ServerFindings
    status: Status | None = None
    """What it said; None: it was not asked, or didn't answer."""
    release: str | None = None
    """The file's; None where it could not be rendered."""

    @property
    def failures(self) -> Mapping[ServerCheck, str]:
        """The reason by each check that failed."""
        return {check: why for check, why in self.findings.items() if isinstance(why, str)}

    @property
    def unknowns(self) -> Mapping[ServerCheck, str]:
        """The reason by each check that could not be made."""
        return {
            check: found.reason
            for check, found in self.findings.items()
            if isinstance(found, Unknown)
        }

    @property
    def days_left(self) -> float | None:
        """Of the certificate between balancers and Apache that ends first."""
        ends = [each.not_after for each in self.status.certificates] if self.status else []
        return min((_days_left(end) for end in ends if end), default=None)


def look(
    plan: Plan, logins: Logins, *, days: int, demanded: bool = False
) -> tuple[ServerResult, ...]:
    """Ask each server how it is, and judge it; one that can't be reached fails if `demanded`.

    `days` is how long certificates have to be valid yet.
    """

    def ask(server: Server) -> Status | Finding:
        try:
            return status(logins(server))
        except ServerError as error:
            reason = str(error).removeprefix(f"{server.name}: ")
            away = isinstance(error, UnreachableError) and not demanded
            return Unknown(reason) if away else reason

    with ThreadPool(_AT_ONCE) as pool:
        told = dict(zip(plan.servers, pool.map(ask, plan.servers, 1), strict=True))
    releases = _releases(plan, told)
    return tuple(
        judged(plan, server, found, releases.get(server.name), days=days)
        if isinstance(found, Status)
        else ServerResult(server, {ServerCheck.SSH: found})
        for server, found in told.items()
    )


def judged(
    plan: Plan, server: Server, found: Status, release: str | Unknown | None, *, days: int
) -> ServerResult:
    """Judge what a server says of itself; `release` is the file's."""
    of_file = release if isinstance(release, str) else None
    findings = dict(_judge(plan, server, found, release, days))
    if found.running:
        for check in _CHANGING:
            if isinstance(reason := findings.get(check), str):
                findings[check] = Unknown(f"{reason}, while a run is at work")
    return ServerResult(server, findings, found, release=of_file)


def _releases(plan: Plan, told: Mapping[Server, Status | Finding]) -> Mapping[str, str | Unknown]:
    """Return the file's release for each server that has one."""
    proxies = {
        server.name: found.trusted_proxies
        for server, found in told.items()
        if isinstance(found, Status) and found.release
    }
    if not proxies:
        return {}
    try:
        rendered = expected.render(plan, proxies)
    except expected.RenderingError as error:
        return dict.fromkeys(proxies, Unknown(str(error)))
    return {name: each.release for name, each in rendered.items()}


def _judge(
    plan: Plan, server: Server, found: Status, release: str | Unknown | None, days: int
) -> Iterator[tuple[ServerCheck, Finding]]:
    yield ServerCheck.SSH, None
    yield ServerCheck.RELEASE, _release(plan, server, found, release)
    if found.release is None:
        return
    interrupted = "a run was interrupted: apply again, which sets right what it left"
    yield ServerCheck.UNFINISHED, interrupted if found.unfinished else None
    yield ServerCheck.EDITS, _edits(found)
    stopped = found.apache is Apache.STOPPED
    yield ServerCheck.APACHE, "it is stopped" if stopped else None
    if found.boot is not Boot.UNKNOWN:
        off = found.boot is Boot.DISABLED
        yield ServerCheck.BOOT, "Apache would not start with the machine" if off else None
    by_hand = "somebody had balancers find it unhealthy: rm /run/portico/draining ends that"
    yield ServerCheck.IN_SERVICE, by_hand if found.draining is Drain.BY_HAND else None
    yield ServerCheck.PORTS, _ports(plan, found)
    yield ServerCheck.VALIDITY, _validity(found, days)
    yield ServerCheck.DISK, "; ".join(found.short) or None


def _release(plan: Plan, server: Server, found: Status, release: str | Unknown | None) -> Finding:
    if found.release is None:
        return "nothing is deployed there"
    if (found.fleet, found.server) != (plan.fleet, server.name):
        return f"it is server {found.server} of fleet {found.fleet}"
    if not isinstance(release, str):
        return release or Unknown("the file's is not known")
    return None if found.release == release else f"{found.release} is live, the file's is {release}"


def _edits(found: Status) -> str | None:
    parts = []
    if found.edited:
        parts.append(f"changed by hand: {_some(found.edited)}")
    if found.missing:
        parts.append(f"missing: {_some(found.missing)}")
    return "; ".join(parts) or None


def _some(paths: Sequence[PurePosixPath]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(map(str, paths[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _ports(plan: Plan, found: Status) -> str | None:
    sites = {site.port: site.domain for site in plan.sites}

    def wrong(probe: PortProbe) -> str | None:
        if probe.status == _OK and probe.release == found.release:
            return None
        named = f"{probe.port} ({sites[probe.port]})" if probe.port in sites else f"{probe.port}"
        if not probe.status:
            return f"{named} does not answer"
        if probe.status != _OK:
            return f"{named} answers {probe.status}"
        return f"{named} serves {probe.release or 'no release'}"

    return "; ".join(filter(None, map(wrong, found.ports))) or None


def _validity(found: Status, days: int) -> str | None:
    for each in found.certificates:
        if each.not_after is None:
            return f"{each.domain}: {each.path} can't be read"
        if short := certificates.validity(_days_left(each.not_after), days=days):
            return f"{each.domain}: {short}"
    return None


def _days_left(end: dt.datetime) -> float:
    return (end - dt.datetime.now(dt.UTC)).total_seconds() / _DAY
