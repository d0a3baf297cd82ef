"""From the path of a fleet file to a checked `Fleet`, or to all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from modules.fleet import lock as locks
from modules.fleet import shared as sharing
from modules.fleet.addresses import PortRange
from modules.fleet.checks import cross_problems, warnings
from modules.fleet.domains import both_forms, unicode_form
from modules.fleet.model import Fleet, Site, effective_site
from modules.fleet.problems import Code, FleetError, Problem, nearest, show, words
from modules.fleet.sections import (
    CloudChoice,
    CloudState,
    FleetFile,
    LocalChoice,
    LocalState,
    S3Choice,
    State,
)
from modules.fleet.server_checks import HTTP_PORT
from modules.fleet.source import KeyPath, Source, read_source, read_text
from modules.fleet.subject import Subject
from modules.fleet.validate import validate

DEFAULT_PATH = "fleet.yaml"


class LockMode(Enum):
    """What becomes of ports that loading gives to new domains."""

    READ = "read"
    """They are in the `Fleet` alone; a lock out of date is no problem."""
    WRITE = "write"
    """They are saved; with `CI` set, a lock out of date is a problem instead."""


def fleet_path(argument: str | os.PathLike[str] | None = None) -> Path:
    """The fleet file: the argument, `PORTICO_FLEET`, or `fleet.yaml` in the current folder."""
    return Path(argument or os.environ.get("PORTICO_FLEET") or DEFAULT_PATH)


def load_fleet(path: str | os.PathLike[str], lock: LockMode = LockMode.WRITE) -> Fleet:
    """Load, check and complete the fleet file at `path`; give each domain its port.

    Raises FleetError with every problem of the file and of the lock beside it.
    """
    return _load(Path(path), str(path), lock)


def _load(place: Path, name: str, lock: LockMode, releasing: str | None = None) -> Fleet:
    """Load the fleet; what the port of `releasing` stands in the way of is no problem."""
    source = read_source(read_text(place), name)
    draft = validate(source, place.parent)
    subject = Subject(draft)
    problems = [*source.problems, *draft.problems, *cross_problems(subject)]
    try:
        held = locks.read(place.with_name(locks.FILE_NAME))
    except FleetError as error:
        raise FleetError([*problems, *error.problems]) from None
    problems += _taken_problems(source, draft.file, held, releasing)
    if problems:
        raise FleetError(problems)
    ports = _assigned(source, draft.file, held)
    shared = _shared(draft.file, ports, held)
    if lock is LockMode.WRITE and (ports, shared) != (held.ports, held.shared):
        ci = os.environ.get("CI")
        if ci and not (
            ports.items() <= held.ports.items() and shared.items() <= held.shared.items()
        ):
            raise FleetError([locks.stale_problem(held, ports, shared)])
        if not ci:
            locks.write(held.path, ports, shared)
    return _fleet(place, subject, ports, shared)


def release_port(path: str | os.PathLike[str], domain: str) -> int:
    """Release the resting port of `domain`, in either form, from the lock, and return it.

    Raises FleetError where the domain is still in the fleet file, or not in the lock.
    """
    fleet = _load(Path(path), str(path), LockMode.READ, releasing=domain)
    held = locks.read(Path(path).with_name(locks.FILE_NAME))
    name = next(
        (held_name for held_name in held.ports if unicode_form(held_name) == domain), domain
    )
    if name not in held.ports or name in fleet.sites:
        raise FleetError([_not_resting(fleet, held, name)])
    kept = {other: port for other, port in held.ports.items() if other != name}
    locks.write(held.path, kept, held.shared)
    return held.ports[name]


def _not_resting(fleet: Fleet, held: locks.Lock, domain: str) -> Problem:
    guess = nearest(domain, fleet.resting)
    if domain in fleet.sites:
        message = words(
            f"{both_forms(domain)} is still a site", cure="take it out of the fleet file first"
        )
    else:
        message = words(
            f"no port rests for {show(domain)}",
            allowed=", ".join(fleet.resting) or "none, as no port rests",
            meant=show(guess) if guess else "",
        )
    return held.problem(Code.NOT_RESTING, domain, message)


# --- ports -----------------------------------------------------------------------------------


def _taken(file: FleetFile) -> Iterator[tuple[PortRange, KeyPath, str]]:
    """Ports that no site may have: where that is said, and why."""
    for i, reserved in enumerate(file.ports.reserved):
        yield reserved, ("ports", "reserved", i), "is reserved here"
    for name, server in file.servers.items():
        port = server.ssh.port
        yield PortRange(port, port), ("servers", name, "ssh", "port"), f"is ssh's on {show(name)}"
    yield PortRange(HTTP_PORT, HTTP_PORT), (), "is Apache's redirect"


def _taken_problems(
    source: Source, file: FleetFile, held: locks.Lock, releasing: str | None
) -> Iterator[Problem]:
    for ports, path, reason in _taken(file):
        for domain, port in held.ports.items():
            if port not in ports or releasing in (domain, unicode_form(domain)):
                continue
            release = f"run portico ports release {domain}"
            if domain in file.sites:
                message = words(
                    f"port {port} {reason}, but the lock gave it to {both_forms(domain)}",
                    cure="a given port never moves: use another port here, or take the site out, "
                    f"{release}, and add it again",
                )
            else:
                message = words(
                    f"port {port} {reason}, but rests for {both_forms(domain)}", cure=release
                )
            yield source.problem(Code.LOCK_RESERVED, path, message)


def _assigned(source: Source, file: FleetFile, held: locks.Lock) -> dict[str, int]:
    taken = {p for ports, *_ in _taken(file) for p in range(ports.first, ports.last + 1)}
    try:
        return locks.assign(held.ports, file.sites, taken)
    except OverflowError as error:
        domain = str(error)
        message = words(
            f"no port is left for {both_forms(domain)}",
            cure="release resting ports with portico ports release, or reserve fewer",
        )
        raise FleetError([source.problem(Code.NO_FREE_PORT, ("sites",), message)]) from None


# --- shared balancers ------------------------------------------------------------------------


def _sites(file: FleetFile) -> dict[str, Site]:
    return {
        domain: effective_site(domain, entry, file.defaults, file.tags)
        for domain, entry in sorted(file.sites.items())
    }


def _shared(file: FleetFile, ports: Mapping[str, int], held: locks.Lock) -> dict[str, int]:
    sites = {
        domain: sharing.needs(site, file.certificates)
        for domain, site in _sites(file).items()
        if sharing.is_shared(site)
    }
    most = sharing.limits(file.quotas)
    numbers = sharing.assign(held.shared, sites, most)
    problems = []
    for number, too_much in sharing.overfull(numbers, sites, most):
        newest = max((d for d, n in numbers.items() if n == number), key=lambda d: ports[d])
        message = words(
            f"shared balancer {number} has {too_much}",
            cure="delete the line of a site that is not deployed yet, or may move, and run portico "
            "synth: it gets another balancer",
        )
        problems.append(held.problem(Code.LOCK_SHARED, newest, message, "shared"))
    if problems:
        raise FleetError(problems)
    return numbers


# --- the fleet -------------------------------------------------------------------------------


def _fleet(
    path: Path,
    subject: Subject,
    ports: Mapping[str, int],
    shared: Mapping[str, int],
) -> Fleet:
    file = subject.file
    return Fleet(
        path=path.absolute(),
        name=file.name,
        prefix=file.prefix or file.name,
        region=file.region,
        state=_state(file),
        network=file.network,
        servers=dict(sorted(file.servers.items())),
        reserved_ports=file.ports.reserved,
        zones=dict(sorted(file.zones.items())),
        certificates=dict(sorted(file.certificates.items())),
        access_log_bucket=file.access_log_bucket,
        rollout=file.rollout,
        quotas=file.quotas,
        tags=dict(sorted(file.tags.items())),
        defaults=file.defaults,
        sites=_sites(file),
        ports=ports,
        shared=shared,
        pems={pem: read.facts for pem, read in subject.pems.items() if read.facts},
        public_keys={n: key for n, key in subject.public_keys.items() if isinstance(key, str)},
        warnings=tuple(sorted(set(warnings(subject)))),
    )


def _state(file: FleetFile) -> State:
    match file.state:
        case S3Choice(s3=state):
            return state
        case LocalChoice(local=state):
            return state
        case CloudChoice(cloud=state):
            return state
        case "cloud":
            return CloudState()
        case _:
            return LocalState(path=f"terraform.{file.name}.tfstate")
