"""Values of a source checked against the model.

A first round reports what is wrong. The file is then read again without it, until it is right, so
that the cross checks run on all the rest and every problem comes out at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from modules.fleet.domains import ascii_domain
from modules.fleet.findings import findings
from modules.fleet.paths import Surroundings
from modules.fleet.problems import Problem
from modules.fleet.sections import FleetFile
from modules.fleet.source import KeyPath, Source, Value

_STAND_INS: Mapping[str, Value] = {
    "name": "fleet",
    "region": "us-east-1",
    "network": {"create": "10.0.0.0/16"},
    "servers": {
        "server": {
            "create": {"ami": "ami-00000000", "type": "t3.small", "ssh_from": ("192.0.2.0/24",)},
            "ssh": {
                "user": "admin",
                "private_key": "key",
                "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + 43 * "A",
            },
        }
    },
}
"""In place of required keys that are missing or refused, in later rounds only."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the cross checks can rely on."""

    source: Source
    folder: Path
    """The fleet file's, which relative paths start from."""
    file: FleetFile
    """The file without what was refused."""
    sites: Mapping[KeyPath, str]
    """The path of each site to its domain in ASCII."""
    aliases: Mapping[KeyPath, str]
    """The path of each alias to its name in ASCII."""
    refused: frozenset[KeyPath]
    """Paths where something was refused, or probably meant."""
    missing: frozenset[str]
    """Top-level keys that `file` holds a stand-in for."""
    problems: tuple[Problem, ...]


def validate(source: Source, folder: Path) -> Draft:
    """Check the values of `source`; relative files are looked for in `folder`."""
    values = dict(source.values)
    problems: list[Problem] = []
    refused: set[KeyPath] = set()
    missing: set[str] = set()
    while True:
        try:
            file = FleetFile.model_validate(values, context=Surroundings(folder))
            break
        except ValidationError as error:
            found = findings(source, error)
        if not refused:
            problems = [finding.problem for finding in found]
        refused |= {path for finding in found for path in finding.paths}
        cuts = {_cut(finding.paths[0]) for finding in found}
        left = _without(values, cuts)
        if left == values and not cuts & {(key,) for key in _STAND_INS}:
            raise AssertionError(problems)  # a location that the model does not have
        values = left
        for key in _STAND_INS.keys() & ({path[0] for path in cuts} - values.keys()):
            missing.add(key)
            values[key] = _STAND_INS[key]
    sites: dict[KeyPath, str] = {
        ("sites", key): ascii_domain(key) for key in _map(values.get("sites"))
    }
    return Draft(
        source=source,
        folder=folder,
        file=file,
        sites=sites,
        aliases=dict(_aliases(source, sites, refused)),
        refused=frozenset(refused),
        missing=frozenset(missing),
        problems=tuple(problems),
    )


def _cut(path: KeyPath) -> KeyPath:
    """The part of the file to leave out for what was refused at `path`, as small as can be."""
    match path:
        case ("sites", _, "aliases", *_):
            return path[:4]
        case ("sites", *_):
            return path[:3]
        case ("defaults" | "servers" | "zones" | "certificates", *_):
            return path[:2]
        case _:
            return path[:1]


def _without(values: dict[str, Value], cuts: Iterable[KeyPath]) -> dict[str, Value]:
    """Copy `values` without what stands at `cuts`; a map that this empties goes too."""
    left: dict[str, Value] = {}
    for key, value in values.items():
        inner = {cut[1:] for cut in cuts if cut[:1] == (key,)}
        if () in inner:
            continue
        if inner and isinstance(value, dict):
            part = _without(value, inner)
            if part or key not in _STAND_INS:
                left[key] = part
        elif inner and isinstance(value, tuple):
            left[key] = tuple(item for i, item in enumerate(value) if (i,) not in inner)
        else:
            left[key] = value
    return left


def _map(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, dict) else {}


def _aliases(
    source: Source, sites: Iterable[KeyPath], refused: set[KeyPath]
) -> Iterator[tuple[KeyPath, str]]:
    written = _map(source.values.get("sites"))
    for site in sites:
        names = _map(written[str(site[1])]).get("aliases")
        for i, name in enumerate(names if isinstance(names, tuple) else ()):
            path = (*site, "aliases", i)
            if path not in refused and isinstance(name, str):
                yield path, ascii_domain(name)
