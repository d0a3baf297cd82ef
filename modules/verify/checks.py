"""What is checked, and what can come of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Unknown:
    """A check that could not be made; it is told, and fails nothing."""

    reason: str


Finding = str | Unknown | None
"""None: passed. A text: failed, for this reason."""


class Check(StrEnum):
    """What is checked of a name, in the order in which a client comes to it."""

    DNS = "DNS answer"
    NAME_SERVERS = "name servers"
    ADDRESSES = "addresses of the site"
    CONNECTION = "connection"
    CHAIN = "certificate chain"
    NAMES = "certificate names"
    VALIDITY = "certificate validity"
    OWN = "no other site's certificate"
    DEFAULT = "certificate without SNI"
    TLS = "TLS level"
    STATUS = "HTTP status"
    CANONICAL = "redirect to the domain"
    DOCUMENT_ROOT = "document root"
    HSTS = "HSTS"
    REDIRECT = "redirect from port 80"
    RELEASE = "release"


class ServerCheck(StrEnum):
    """What is checked of a server."""

    SSH = "ssh"
    RELEASE = "release"
    UNFINISHED = "unfinished run"
    EDITS = "hand edits"
    APACHE = "Apache"
    BOOT = "start at boot"
    IN_SERVICE = "in service"
    PORTS = "ports"
    VALIDITY = "certificate validity"
    DISK = "room on disk"


Findings = Mapping[Check, Finding]
"""By each check that was made."""

ServerFindings = Mapping[ServerCheck, Finding]
