"""What the activation script says of a server, in words for machines, as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath

from modules.servers.errors import ServerError


class Apache(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"


class Boot(StrEnum):
    """Whether Apache starts when the machine does."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    UNKNOWN = "unknown"
    """The machine has no systemd."""


class Drain(StrEnum):
    """Why balancers are to find a server unhealthy."""

    FOR_CHANGE = "for-change"
    """A release's, which ends by itself."""
    BY_HAND = "by-hand"
    """An operator's, without an end."""


@dataclass(frozen=True, slots=True)
class PortProbe:
    """How a port answers on the server itself."""

    port: int
    status: int
    """Of HTTP; 0 without an answer."""
    release: str | None
    """What it says it serves."""


@dataclass(frozen=True, slots=True)
class BackendCertificate:
    """A certificate between balancer and Apache."""

    domain: str
    path: PurePosixPath
    not_after: datetime | None
    """None: it can't be read."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a server says of itself; nothing is deployed where `release` is None."""

    release: str | None = None
    fleet: str | None = None
    server: str | None = None
    planned: datetime | None = None
    """When the plan was made that shipped the release, or when it was last rolled back to."""
    apache: Apache | None = None
    boot: Boot = Boot.UNKNOWN
    running: bool = False
    """Whether a run is at work."""
    unfinished: bool = False
    """Whether a run was interrupted; the next one sets right what it left."""
    draining: Drain | None = None
    """None: balancers find it as healthy as it is."""
    edited: tuple[PurePosixPath, ...] = ()
    """Files of the release that were changed by hand."""
    missing: tuple[PurePosixPath, ...] = ()
    ports: tuple[PortProbe, ...] = ()
    certificates: tuple[BackendCertificate, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    """CIDR ranges whose X-Forwarded-For is believed."""
    short: tuple[str, ...] = ()
    """For which lack of room on a disk the next release would be refused."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A release that a server keeps."""

    release: str
    planned: datetime | None
    live: datetime | None
    """When it last went live; None: it never did."""
    sites: int
    current: bool = False
    previous: bool = False
    """Whether a rollback without a name leads to it."""
    edited: bool = False
    """Whether it was changed by hand."""


def parse_status(text: str) -> Status:
    """Read what the script says to `status`.

    :raises ServerError: it is cut, or not of this form.
    """
    lines = text.splitlines()
    if not lines or lines[-1] != "end":
        raise ServerError("the server's status was cut on its way: ask again")
    said: dict[str, list[list[str]]] = {}
    for line in lines[:-1]:
        word, *values = line.split(" ")
        said.setdefault(word, []).append(values)

    def rests(word: str) -> Iterator[str]:
        return (" ".join(values) for values in said.get(word, []))

    def one(word: str) -> str | None:
        return _known(next(rests(word), "-"))

    try:
        return Status(
            release=one("release"),
            fleet=one("fleet"),
            server=one("server"),
            planned=_time(one("serial")),
            apache=Apache(apache) if (apache := one("apache")) else None,
            boot=Boot(one("boot") or "unknown"),
            running=one("running") == "yes",
            unfinished=one("unfinished") == "yes",
            draining=Drain(draining) if (draining := one("draining")) else None,
            edited=tuple(map(PurePosixPath, rests("edited"))),
            missing=tuple(map(PurePosixPath, rests("missing"))),
            ports=tuple(
                PortProbe(int(port), int(answer), _known(release))
                for port, answer, release in said.get("port", [])
            ),
            certificates=tuple(
                BackendCertificate(domain, PurePosixPath(" ".join(path)), _time(_known(end)))
                for domain, *path, end in said.get("certificate", [])
            ),
            trusted_proxies=tuple(rests("trusted-proxy")),
            short=tuple(rests("short")),
        )
    except ValueError as error:
        raise ServerError(f"the server's status cannot be read: {error}") from None


def parse_releases(text: str) -> tuple[Kept, ...]:
    """Read what the script says to `releases`.

    :raises ServerError: it is not of this form.
    """
    found = []
    for line in text.splitlines():
        try:
            release, planned, live, sites, flags = line.split("\t")
            said = set(flags.split(","))
            found.append(
                Kept(
                    release,
                    _time(_known(planned)),
                    _time(_known(live)),
                    int(sites),
                    current="current" in said,
                    previous="previous" in said,
                    edited="edited" in said,
                )
            )
        except ValueError:
            raise ServerError(f"the server's list of releases cannot be read: {line!r}") from None
    return tuple(found)


def _known(value: str) -> str | None:
    return None if value == "-" else value


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
