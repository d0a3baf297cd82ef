"""What a client without SNI sees of a name: DNS, TCP, TLS, certificate, HTTP. It judges nothing."""

from __future__ import annotations

import datetime as dt
import re
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import dns.exception
import dns.resolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from nassl._nassl import OpenSSLError
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum

HTTP, HTTPS = 80, 443

PROBE = "/portico?probe=1"
"""What is asked of port 80: path and query have to survive the redirect."""

_PATIENCE = 10
"""Seconds for each of connection, handshake and answer."""

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
    root: Path | None = None
    """The one root that it trusts; None for the public ones."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    names: tuple[str, ...]
    issuer: str
    fingerprint: str
    days_left: float
    """Negative when it has expired."""
    days_old: float
    """Negative when it isn't valid yet."""

    def covers(self, name: str) -> bool:
        """Whether it is for the name, with wildcards as RFC 6125, 6.4.3 has them."""
        parent = name.partition(".")[2]
        return name in self.names or f"*.{parent}" in self.names


@dataclass(frozen=True, slots=True)
class Page:
    """An answer on 443."""

    status: int
    sites: tuple[str, ...]
    """Whose document root it says it is from, in the sandbox."""
    server: str | None


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
    old_version: str | None = None
    """A version below the lowest allowed one that was accepted all the same."""
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


def observe(name: str, types: Iterable[str], view: View, *, modern: bool) -> Observation:
    """Look up the record types of a name and visit every address, without SNI.

    A `modern` site must refuse TLS 1.2, any other one TLS 1.1.
    """
    addresses: list[str] = []
    trouble: list[str] = []
    for kind in types:
        try:
            addresses += resolve(name, kind, view)
        except dns.exception.DNSException as error:
            trouble.append(f"{kind}: {error}")
    return Observation(
        name,
        tuple(addresses),
        tuple(trouble),
        tuple(_visit(name, address, view, modern=modern) for address in addresses),
    )


def resolve(name: str, kind: str, view: View) -> list[str]:
    """Return what DNS answers.

    :raises DNSException: it answers nothing of the kind.
    """
    resolver = dns.resolver.Resolver(configure=view.nameserver is None)
    if view.nameserver:
        address, resolver.port = view.nameserver
        resolver.nameservers = [address]
    resolver.lifetime = _PATIENCE
    return [record.to_text() for record in resolver.resolve(name, kind)]


def _visit(name: str, address: str, view: View, *, modern: bool) -> Sight:
    redirect = _redirect(name, address)
    context = ssl.create_default_context(cafile=view.root and str(view.root))
    context.check_hostname = False
    distrust = None
    try:
        try:
            with _handshake(address, context):
                pass
        except ssl.SSLCertVerificationError as error:
            distrust = error.verify_message
            context.verify_mode = ssl.CERT_NONE
        certificates = []
        for _ in range(_SIGHTS):
            with _handshake(address, context) as tls:
                certificates.append(_certificate(tls.getpeercert(binary_form=True) or b""))
                version = tls.version() or "none"
                page = _page(name, tls) if len(certificates) == _SIGHTS else ""
    except OSError as error:
        return Sight(address, str(error), redirect=redirect)
    return Sight(
        address=address,
        version=version,
        certificates=tuple(certificates),
        distrust=distrust,
        old_version=_accepted_below(address, modern=modern),
        page=page,
        redirect=redirect,
    )


def _handshake(address: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection((address, HTTPS), timeout=_PATIENCE)
    try:
        return context.wrap_socket(plain)
    except BaseException:
        plain.close()
        raise


def _page(name: str, tls: ssl.SSLSocket) -> Page | str:
    connection = HTTPConnection(name, HTTPS, timeout=_PATIENCE)
    connection.sock = tls
    try:
        connection.request("GET", "/", headers={"Host": name, "Connection": "close"})
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
    )


def _redirect(name: str, address: str) -> Redirect | str:
    connection = HTTPConnection(address, HTTP, timeout=_PATIENCE)
    try:
        connection.request("GET", PROBE, headers={"Host": name, "Connection": "close"})
        answer = connection.getresponse()
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return Redirect(answer.status, answer.getheader("Location"))


def _accepted_below(address: str, *, modern: bool) -> str | None:
    """Try the version just below the lowest allowed one; return it if it was accepted."""
    if modern:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            with _handshake(address, context):
                return "TLSv1.2"
        except OSError:
            return None
    try:
        with socket.create_connection((address, HTTPS), timeout=_PATIENCE) as plain:
            client = LegacySslClient(
                underlying_socket=plain,
                ssl_version=OpenSslVersionEnum.TLSV1_1,
                ssl_verify=OpenSslVerifyEnum.NONE,
            )
            client.do_handshake()
            client.shutdown()
    except (OSError, OpenSSLError):
        return None
    return "TLSv1.1"


def _certificate(der: bytes) -> Certificate:
    certificate = x509.load_der_x509_certificate(der)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(alternative.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    now = dt.datetime.now(dt.UTC)
    day = 86400
    return Certificate(
        names=names,
        issuer=certificate.issuer.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        days_left=(certificate.not_valid_after_utc - now).total_seconds() / day,
        days_old=(now - certificate.not_valid_before_utc).total_seconds() / day,
    )
