"""Golden cases: text files that anyone can read and add.

A case is a fleet file, then `---- NAME` and the text of each file beside it, then a line of dashes
and what loading gives: each problem on a line, or lines that the loaded fleet must have. Top-level
keys that a case is not about are added below its text from `BASE`, unless its first line says
`# whole`. `tests.fleet.zoo` makes the certificates and keys that a file asks for. `python -m
tests.fleet.golden` rewrites the problems that the cases expect.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from modules.fleet import Fleet, FleetError, LockMode, load_fleet
from modules.fleet.pem import PemFacts
from tests.fleet.zoo import expand

FOLDER = Path(__file__).parent / "cases"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
BASE: Mapping[str, str] = {
    "name": "name: shop\n",
    "region": "region: eu-west-1\n",
    "network": "network: {vpc: vpc-0123abcd, subnets: [subnet-0123abcd, subnet-0123abce]}\n",
    "servers": f"""\
servers:
  web-1:
    instance: i-0123456789abcdef0
    security_group: sg-0123abcd
    ssh: {{host: 203.0.113.10, user: admin, private_key: ~/.ssh/portico, host_key: "{HOST_KEY}"}}
""",
    "defaults": "defaults: {document_root: /var/www/html}\n",
    "sites": "sites:\n  domain-a.com:\n",
}


def complete(text: str) -> str:
    """Add what `BASE` has and `text` lacks below it, so that its line numbers stay."""
    if text.startswith("# whole"):
        return text
    lacking = [base for key, base in BASE.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
    return text + "".join(lacking)


@dataclass(frozen=True, slots=True)
class Case:
    """A golden case in its parts."""

    path: Path
    files: Mapping[str, str]
    expected: tuple[str, ...]

    def outcome(self, folder: Path) -> tuple[str, ...]:
        """Lay the files out in `folder`, the current one, and load the fleet there."""
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(expand(text))
        try:
            fleet = load_fleet("fleet.yaml", LockMode.WRITE)
        except FleetError as error:
            return tuple(map(str, error.problems))
        return tuple(lines(fleet))


def read_case(path: Path) -> Case:
    """Take a case file apart."""
    head, _, tail = path.read_text("utf-8").partition("\n----------\n")
    first, *others = re.split(r"^---- (.+)\n", head + "\n", flags=re.MULTILINE)
    beside = dict(zip(others[::2], others[1::2], strict=True))
    return Case(path, {"fleet.yaml": complete(first), **beside}, tuple(tail.splitlines()))


def all_cases() -> list[Case]:
    """Every case, by name."""
    return [read_case(path) for path in sorted(FOLDER.glob("*.fleettest"))]


def lines(fleet: Fleet) -> Iterator[str]:
    """The fleet as lines of `path: value`."""
    for key in Fleet.__dataclass_fields__:
        if key == "warnings":
            yield from map(str, fleet.warnings)
        elif key != "path":
            yield from _lines(key, getattr(fleet, key))


def _lines(path: str, value: object) -> Iterator[str]:
    match value:
        case BaseModel():
            for key in type(value).model_fields:
                yield from _lines(f"{path}.{key}", getattr(value, key))
        case dict():
            for key, item in value.items():
                yield from _lines(f"{path}[{key}]", item)
        case PemFacts(names=names, key_type=key_type):
            yield f"{path}: {key_type}, {', '.join(names)}"
        case tuple():
            yield f"{path}: {', '.join(map(str, value))}"
        case _:
            yield f"{path}: {value}"


def _rewrite() -> None:
    for case in all_cases():
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            outcome = case.outcome(Path(folder))
        head = case.path.read_text("utf-8").partition("\n----------\n")[0].rstrip("\n")
        if not case.expected or outcome[0].startswith("fleet"):
            case.path.write_text(f"{head}\n----------\n" + "\n".join(outcome) + "\n", "utf-8")


if __name__ == "__main__":
    _rewrite()
