"""What a client sees of a name: DNS, TCP, TLS, certificate, HTTP. It judges nothing.

It sends no SNI, but where a site needs it; there it looks a second time, without.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

import dns.exception

from modules.plan.records import HEALTH_PATH
from modules.verify.answers import Answer, View, resolve
from modules.verify.handshakes import (
    HTTPS,
    NO_WAY,
    PATIENCE,
    Certificate,
    SilenceError,
    connect,
    handshake,
    shown,
    unverified,
)
from modules.verify.scanning import Offer

HTTP = 80

PROBE = "/portico?probe=1"
"""What is asked where a redirect is awaited: path and query have to survive it."""

_SIGHTS = 3
"""Handshakes with each address; each must show the same certificate."""

_SITES = re.compile(rb'<meta name="portico-sites" content="([^"]*)">')
_SERVER = re.compile(rb'<meta name="portico-server" content="([^"]*)">')
_BODY_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class Visit:
    """How a client visits a name."""

    types: tuple[str, ...] = ("A",)
    """Record types whose addresses it visits."""
    absent: tuple[str, ...] = ()
    """Record types that it looks up as well, and that should not be there."""
    sni: bool = False
    path: str = "/"
    patience: float = PATIENCE
    """Seconds for each of connection, handshake and answer."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer on 443."""

    status: int
    sites: tuple[str, ...]
    """Whose document root it says it is from, in the sandbox."""
    server: str | None
    location: str | None = None
    hsts: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer on 80."""

    status: int
    location: str | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one address showed; a part is text where it failed, and tells why."""

    address: str
    version: str
    """As in `TLSv1.3`; or why there was no TLS."""
    certificates: tuple[Certificate, ...] = ()
    distrust: str | None = None
    """Why the chain is not trusted."""
    offer: Offer | str = "not scanned"
    nameless: Certificate | str | None = None
    """What a client without SNI gets; None where no client sends it."""
    page: Page | str = "not asked"
    redirect: Redirect | str = "not asked"
    release: str | None = None
    """What Portico's own path tells, where it answers."""
    out_of_reach: bool = False
    """Whether this machine has no way to addresses of its kind, as many have none to IPv6."""
    silent: bool = False
    """Whether nothing came back from it, not even a refusal."""

    @property
    def connected(self) -> bool:
        return bool(self.certificates)


@dataclass(frozen=True, slots=True)
class Observation:
    """All that was seen of a name."""

    name: str
    addresses: tuple[str, ...]
    trouble: tuple[str, ...]
    """Record types that DNS didn't answer, with the reason."""
    sights: tuple[Sight, ...]
    strays: tuple[str, ...] = ()
    """Addresses of record types that should not be there."""
    answers: tuple[Answer, ...] = ()
    """What the zone's name servers say."""


def observe(name: str, view: View, visit: Visit) -> Observation:
    """Look up a name and visit every address."""
    addresses: list[str] = []
    trouble: list[str] = []
    for kind in visit.types:
        try:
            addresses += resolve(name, kind, view)
        except dns.exception.DNSException as error:
            trouble.append(f"{kind}: {error}")
    strays: list[str] = []
    for kind in visit.absent:
        with suppress(dns.exception.DNSException):
            strays += resolve(name, kind, view)
    return Observation(
        name,
        tuple(addresses),
        tuple(trouble),
        tuple(_visit(name, address, view, visit) for address in addresses),
        tuple(strays),
    )


def _visit(name: str, address: str, view: View, visit: Visit) -> Sight:
    try:
        return _meet(name, address, view, visit)
    except Exception as error:  # noqa: BLE001 - a stranger's answer hides no other name
        return Sight(address, f"{type(error).__name__}: {error}")


def _meet(name: str, address: str, view: View, visit: Visit) -> Sight:
    silent = False
    redirect: Redirect | str
    try:
        redirect = _redirect(name, address, visit.patience)
    except SilenceError as error:
        redirect, silent = str(error), True
    context = ssl.create_default_context()
    context.check_hostname = False
    if view.roots:
        context.load_verify_locations(cadata=view.roots)
    sent = name if visit.sni else None
    distrust = None
    try:
        try:
            with handshake(address, context, sent, patience=visit.patience):
                pass
        except ssl.SSLCertVerificationError as error:
            distrust = error.verify_message
            context.verify_mode = ssl.CERT_NONE
        certificates, release = [], None
        for _ in range(_SIGHTS):
            with handshake(address, context, sent, patience=visit.patience) as tls:
                certificates.append(shown(tls))
                version = tls.version() or "none"
                if len(certificates) == 1:
                    release = _release(name, tls)
                page = _page(name, visit.path, tls) if len(certificates) == _SIGHTS else ""
    except SilenceError as error:
        no_way = error.errno in NO_WAY
        return Sight(address, str(error), redirect=redirect, out_of_reach=no_way, silent=silent)
    except OSError as error:
        return Sight(address, str(error), redirect=redirect)
    return Sight(
        address=address,
        version=version,
        certificates=tuple(certificates),
        distrust=distrust,
        nameless=_nameless(address, visit.patience) if sent else None,
        page=page,
        redirect=redirect,
        release=release,
    )


def _nameless(address: str, patience: float) -> Certificate | str:
    try:
        with handshake(address, unverified(), None, patience=patience) as tls:
            return shown(tls)
    except OSError as error:
        return str(error)


def _page(name: str, path: str, tls: ssl.SSLSocket) -> Page | str:
    try:
        answer, body = _get(name, path, tls)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    sites, server = _SITES.search(body), _SERVER.search(body)
    return Page(
        answer.status,
        tuple(sites[1].decode(errors="replace").split()) if sites else (),
        server[1].decode(errors="replace") if server else None,
        answer.getheader("Location"),
        answer.getheader("Strict-Transport-Security"),
    )


def _release(name: str, tls: ssl.SSLSocket) -> str | None:
    try:
        return _get(name, HEALTH_PATH, tls)[0].getheader("Portico-Release")
    except (OSError, HTTPException):
        return None


def _get(name: str, path: str, tls: ssl.SSLSocket) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(name, HTTPS)
    connection.sock = tls
    try:
        connection.request("GET", path, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
        return answer, answer.read(_BODY_LIMIT)
    finally:
        connection.close()


def _redirect(name: str, address: str, patience: float) -> Redirect | str:
    connection = HTTPConnection(address, HTTP, timeout=patience)
    try:
        connection.sock = connect(address, HTTP, patience)
        connection.request("GET", PROBE, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
    except SilenceError:
        raise
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return Redirect(answer.status, answer.getheader("Location"))
