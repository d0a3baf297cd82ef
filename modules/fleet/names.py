"""Names that the operator gives: the fleet, its servers, the user on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from modules.fleet.problems import Code, refusal, show
from modules.fleet.text import Matching

_FLEET_NAME_LENGTH = 20
"""A balancer's name has 32 characters: fleet, part of the domain, 6 of a hash, two hyphens."""


def _aws_prefix(name: str) -> str:
    if name == "sg" or name.startswith("sg-"):
        raise refusal(
            Code.NAME,
            f"name {show(name)} makes security groups' names start with 'sg-', which AWS refuses",
            cure="choose another first word",
        )
    if name == "internal" or name.startswith("internal-"):
        raise refusal(
            Code.NAME,
            f"name {show(name)} starts with 'internal-', which AWS keeps for itself",
            cure="choose another first word",
        )
    if len(name) > _FLEET_NAME_LENGTH:
        raise refusal(
            Code.NAME,
            f"name {show(name)} has {len(name)} characters",
            allowed=f"at most {_FLEET_NAME_LENGTH}, as AWS's balancer names have 32",
        )
    return name


FleetName = Annotated[
    str,
    Matching(
        r"^[a-z]([a-z0-9-]*[a-z0-9])$",
        "fleet name",
        "2 to 20 of a-z, 0-9 and '-', a letter first, no '-' last",
        Code.NAME,
    ),
    AfterValidator(_aws_prefix),
]


def _server_name(name: str) -> str:
    if name in ("balancers", "clients"):
        raise refusal(
            Code.NAME,
            f"server name {show(name)} is Portico's own, for a security group of the balancers",
            cure="choose another name",
        )
    return name


Prefix = Annotated[
    str,
    Matching(
        r"^[a-z]([a-z0-9-]*[a-z0-9])$",
        "prefix",
        "2 to 20 of a-z, 0-9 and '-', a letter first, no '-' last",
        Code.NAME,
    ),
    AfterValidator(_aws_prefix),
]
CertificateName = Annotated[
    str,
    Matching(
        r"^[a-z][a-z0-9-]{0,30}$",
        "certificate name",
        "1 to 31 of a-z, 0-9 and '-', a letter first",
        Code.NAME,
    ),
]

ServerName = Annotated[
    str,
    Matching(
        r"^[a-z][a-z0-9-]{0,30}$",
        "server name",
        "1 to 31 of a-z, 0-9 and '-', a letter first",
        Code.NAME,
    ),
    AfterValidator(_server_name),
]

User = Annotated[
    str,
    Matching(
        r"^[A-Za-z_][A-Za-z0-9_.-]{0,31}$",
        "user",
        "1 to 32 of A-Z, a-z, 0-9, '_', '.' and '-', a letter or '_' first",
        Code.NAME,
    ),
]
