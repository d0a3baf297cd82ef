"""What a client sees of a name: DNS, TCP, TLS, certificate, HTTP. It judges nothing.

It sends no SNI, but where a site needs it; there it looks a second time, without.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

import dns.exception
import dns.resolver

from sandbox.handshakes import HTTPS, PATIENCE, Certificate, accepts, handshake, shown, unverified

HTTP = 80

PROBE = "/portico?probe=1"
"""What is asked where a redirect is awaited: path and query have to survive it."""

_SIGHTS = 3
"""Handshakes with each address; each must show the same certificate."""

_SITES = re.compile(rb'<meta name="portico-sites" content="([^"]*)">')
_SERVER = re.compile(rb'<meta name="portico-server" content="([^"]*)">')
_BODY_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class View:
    """Where a client looks from."""

    nameserver: tuple[str, int] | None = None
    """Address and port; None for the system's own."""
    roots: str = ""
    """Roots in PEM that it trusts beside those of the machine."""


@dataclass(frozen=True, slots=True)
class Visit:
    """How a client visits a name."""

    types: tuple[str, ...] = ("A",)
    """Record types that it looks up."""
    sni: bool = False
    versions: tuple[str, ...] = ()
    """TLS versions that it tries one by one, beside the newest: `SSLv3` to `TLSv1.2`."""
    path: str = "/"


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
    accepted: tuple[str, ...] = ()
    """Of the versions that were tried one by one, those that were accepted."""
    nameless: Certificate | str | None = None
    """What a client without SNI gets; None where no client sends it."""
    page: Page | str = "not asked"
    redirect: Redirect | str = "not asked"

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


def observe(name: str, view: View, visit: Visit) -> Observation:
    """Look up a name and visit every address."""
    addresses: list[str] = []
    trouble: list[str] = []
    for kind in visit.types:
        try:
            addresses += resolve(name, kind, view)
        except dns.exception.DNSException as error:
            trouble.append(f"{kind}: {error}")
    return Observation(
        name,
        tuple(addresses),
        tuple(trouble),
        tuple(_visit(name, address, view, visit) for address in addresses),
    )


def resolve(name: str, kind: str, view: View) -> list[str]:
    """Return what DNS answers.

    :raises DNSException: it answers nothing of the kind.
    """
    resolver = dns.resolver.Resolver(configure=view.nameserver is None)
    if view.nameserver:
        address, resolver.port = view.nameserver
        resolver.nameservers = [address]
    resolver.lifetime = PATIENCE
    return [record.to_text() for record in resolver.resolve(name, kind)]


def _visit(name: str, address: str, view: View, visit: Visit) -> Sight:
    redirect = _redirect(name, address)
    context = ssl.create_default_context()
    context.check_hostname = False
    if view.roots:
        context.load_verify_locations(cadata=view.roots)
    sent = name if visit.sni else None
    distrust = None
    try:
        try:
            with handshake(address, context, sent):
                pass
        except ssl.SSLCertVerificationError as error:
            distrust = error.verify_message
            context.verify_mode = ssl.CERT_NONE
        certificates = []
        for _ in range(_SIGHTS):
            with handshake(address, context, sent) as tls:
                certificates.append(shown(tls))
                version = tls.version() or "none"
                page = _page(name, visit.path, tls) if len(certificates) == _SIGHTS else ""
    except OSError as error:
        return Sight(address, str(error), redirect=redirect)
    return Sight(
        address=address,
        version=version,
        certificates=tuple(certificates),
        distrust=distrust,
        accepted=tuple(each for each in visit.versions if accepts(address, each, sent)),
        nameless=_nameless(address) if sent else None,
        page=page,
        redirect=redirect,
    )


def _nameless(address: str) -> Certificate | str:
    try:
        with handshake(address, unverified(), None) as tls:
            return shown(tls)
    except OSError as error:
        return str(error)


def _page(name: str, path: str, tls: ssl.SSLSocket) -> Page | str:
    connection = HTTPConnection(name, HTTPS, timeout=PATIENCE)
    connection.sock = tls
    try:
        connection.request("GET", path, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(_BODY_LIMIT)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    sites, server = _SITES.search(body), _SERVER.search(body)
    return Page(
        answer.status,
        tuple(sites[1].decode().split()) if sites else (),
        server[1].decode() if server else None,
        answer.getheader("Location"),
        answer.getheader("Strict-Transport-Security"),
    )


def _redirect(name: str, address: str) -> Redirect | str:
    connection = HTTPConnection(address, HTTP, timeout=PATIENCE)
    try:
        connection.request("GET", PROBE, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return Redirect(answer.status, answer.getheader("Location"))
