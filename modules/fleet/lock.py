"""The lock: `fleet.lock.json`, which says for good which domain owns which port.

It also says which site is on which shared balancer, by number. One domain a line, sorted, so that
two branches that each add a site meet in a conflict that keeps both lines, or in two domains with
one port or too many on a balancer, which loading refuses with the cure.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from modules.fleet.domains import both_forms
from modules.fleet.problems import Code, FleetError, Problem, show, words

FILE_NAME = "fleet.lock.json"
VERSION = 1
FIRST_PORT = 443
NEXT_PORTS = range(8443, 32768)
"""Linux takes ports for outgoing connections from 32768 upward: ip-sysctl, ip_local_port_range."""

SHARED_NUMBERS = range(1, 10000)
"""Far more shared balancers than a region holds."""

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_SECTIONS = ("ports", "shared")
_CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)", re.MULTILINE)
_KEY = re.compile(r'"([^"\\]+)"\s*:')
_RESOLVE = (
    "keep every domain's line of both sides, delete the markers, and run portico synth; where two "
    "domains have one port, delete the line of the one that is not deployed yet"
)


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock file says."""

    path: Path
    ports: Mapping[str, int]
    shared: Mapping[str, int]
    """The number of each domain's shared balancer, from 1."""
    lines: Mapping[tuple[str, str], int]
    """The line of each domain in `ports` and in `shared`."""

    def problem(
        self, code: Code, domain: str | None, message: str, section: str = "ports"
    ) -> Problem:
        """A problem at the line of `domain` in a section."""
        line = self.lines.get((section, domain)) if domain else None
        return Problem(str(self.path), line or 1, 5 if line else 1, code.id, message)


def read(path: Path) -> Lock:
    """Read the lock at `path`, an empty one where there is none; raise FleetError."""
    name = str(path)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Lock(path, {}, {}, {})
    except (OSError, UnicodeDecodeError) as error:
        reason = str(getattr(error, "strerror", None) or "it is not UTF-8").lower()
        message = words(f"the lock cannot be read: {reason}")
        raise FleetError([Problem(name, 1, 1, Code.LOCK_UNREADABLE.id, message)]) from None
    if marker := _CONFLICT.search(text):
        line = text.count("\n", 0, marker.start()) + 1
        message = words("git's conflict markers are in the lock", cure=_RESOLVE)
        raise FleetError([Problem(name, line, 1, Code.LOCK_CONFLICT.id, message)])
    if not text.strip():
        message = words(
            "the lock is empty",
            cure="take it from git, or delete it where no site is deployed yet",
        )
        raise FleetError([Problem(name, 1, 1, Code.LOCK_UNREADABLE.id, message)])
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        message = words(
            f"the lock is not JSON: {str(getattr(error, 'msg', 'out of bounds')).lower()}",
            cure="a comma ends each domain's line but the last; or take the file from git",
        )
        raise FleetError([Problem(name, line, column, Code.LOCK_UNREADABLE.id, message)]) from None
    return _checked(path, text, document)


class _Pairs(list[tuple[str, object]]):
    """A JSON object with its repeated keys."""


def _checked(path: Path, text: str, document: object) -> Lock:
    name = str(path)
    whole = document if isinstance(document, _Pairs) else _Pairs()
    members = dict(whole)
    version, pairs = members.get("version"), members.get("ports")
    if "version" in members and (version != VERSION or isinstance(version, bool)):
        message = words(
            f"the lock is of version {show(version)}",
            allowed=str(VERSION),
            cure="use the Portico that wrote it",
        )
        raise FleetError([Problem(name, 1, 1, Code.LOCK_VERSION.id, message)])
    shared = members.get("shared", _Pairs())
    keys = sorted(key for key, _ in whole)
    fits = keys in (["ports", "version"], ["ports", "shared", "version"])
    if not fits or not isinstance(pairs, _Pairs) or not isinstance(shared, _Pairs):
        message = words(
            "the lock has an unknown shape",
            allowed='{"version": 1, "ports": {…}}, and "shared": {…} after it',
        )
        raise FleetError([Problem(name, 1, 1, Code.LOCK_SHAPE.id, message)])
    lock = Lock(path, _numbers(pairs), _numbers(shared), _lines(text))
    problems = [*_port_problems(lock, pairs), *_shared_problems(lock, shared)]
    if problems:
        raise FleetError(problems)
    return lock


def _numbers(pairs: _Pairs) -> dict[str, int]:
    return {domain: number for domain, number in pairs if isinstance(number, int)}


def _lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each key with its section, the last one of a key that stands twice."""
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        for match in _KEY.finditer(line):
            if match[1] in _SECTIONS:
                section = match[1]
            lines[section, match[1]] = number
    return lines


def _domain_problems(lock: Lock, pairs: _Pairs, section: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for domain, _ in pairs:
        if domain in seen:
            deployed = "port" if section == "ports" else "number"
            message = words(
                f"{both_forms(domain)} stands twice in the lock",
                cure=f"keep the line with the {deployed} that is deployed",
            )
            yield lock.problem(Code.LOCK_DOMAIN_TWICE, domain, message, section)
        elif not _DOMAIN.fullmatch(domain):
            message = words(f"{show(domain)} is not a domain in ASCII form")
            yield lock.problem(Code.LOCK_SHAPE, domain, message, section)
        seen.add(domain)


def _port_problems(lock: Lock, pairs: _Pairs) -> Iterator[Problem]:
    yield from _domain_problems(lock, pairs, "ports")
    owners: dict[object, str] = {}
    for domain, port in pairs:
        if isinstance(port, bool) or not isinstance(port, int) or not _may_be_given(port):
            message = words(
                f"{both_forms(domain)} has the port {show(port)}",
                allowed=f"{FIRST_PORT}, {NEXT_PORTS[0]} to {NEXT_PORTS[-1]}",
            )
            yield lock.problem(Code.LOCK_SHAPE, domain, message)
        elif owners.setdefault(port, domain) != domain:
            message = words(
                f"port {port} belongs to {both_forms(owners[port])} and to {both_forms(domain)}",
                cure="delete the line of the one that is not deployed yet, and run portico synth: "
                "it gets a port of its own",
            )
            yield lock.problem(Code.LOCK_PORT_TWICE, domain, message)


def _shared_problems(lock: Lock, pairs: _Pairs) -> Iterator[Problem]:
    yield from _domain_problems(lock, pairs, "shared")
    for domain, number in pairs:
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or number not in SHARED_NUMBERS:
            message = words(
                f"{both_forms(domain)} has the shared balancer {show(number)}",
                allowed=f"its number, {SHARED_NUMBERS[0]} to {SHARED_NUMBERS[-1]}",
            )
            yield lock.problem(Code.LOCK_SHARED, domain, message, "shared")


def _may_be_given(port: int) -> bool:
    return port == FIRST_PORT or port in NEXT_PORTS


def assign(held: Mapping[str, int], domains: Iterable[str], taken: Iterable[int]) -> dict[str, int]:
    """Give each new one of `domains`, in sorted order, the lowest port that is free.

    `held` stays as it is, domains that are gone included; `taken` ports are skipped.
    Raises OverflowError, with the domain, where no port is left.
    """
    used = {*held.values(), *taken}
    free = (port for port in (FIRST_PORT, *NEXT_PORTS) if port not in used)
    ports = dict(held)
    for domain in sorted(set(domains) - held.keys()):
        port = next(free, None)
        if port is None:
            raise OverflowError(domain)
        ports[domain] = port
    return dict(sorted(ports.items()))


def stale_problem(lock: Lock, ports: Mapping[str, int], shared: Mapping[str, int]) -> Problem:
    """What to say where the lock lacks something and must not be written."""
    new = [
        *(f"{both_forms(d)} → {port}" for d, port in ports.items() if d not in lock.ports),
        *(
            f"{both_forms(d)} → shared balancer {number}"
            for d, number in shared.items()
            if d not in lock.shared
        ),
    ]
    message = words(
        f"the lock is out of date: {', '.join(new)}",
        cure="run portico synth where CI is not set, and commit fleet.lock.json",
    )
    return lock.problem(Code.LOCK_STALE, None, message)


def write(path: Path, ports: Mapping[str, int], shared: Mapping[str, int]) -> None:
    """Replace the lock at `path` in one step, keeping its mode; raise FleetError.

    A reader sees the old file or the new one, whenever the writer is stopped.
    """
    document: dict[str, object] = {"version": VERSION, "ports": dict(sorted(ports.items()))}
    if shared:
        document["shared"] = dict(sorted(shared.items()))
    text = json.dumps(document, indent=2) + "\n"
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            partial.chmod(target.stat().st_mode)
        partial.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        message = words(f"the lock cannot be written: {(error.strerror or str(error)).lower()}")
        raise FleetError([Problem(str(path), 1, 1, Code.LOCK_WRITE.id, message)]) from None
