"""Handshakes with a server, and the certificate that it shows."""

from __future__ import annotations

import datetime as dt
import errno
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

HTTPS = 443

PATIENCE = 10
"""Seconds for each of connection, handshake and answer."""

NO_WAY = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What is said where this machine has no way to addresses of a kind."""


class SilenceError(OSError):
    """Nothing came back to who wanted to connect, not even a refusal."""


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


def handshake(
    address: str,
    context: ssl.SSLContext,
    sent: str | None,
    *,
    port: int = HTTPS,
    patience: float = PATIENCE,
) -> ssl.SSLSocket:
    """Connect; `sent` is the name in SNI, None to send none. `patience` in seconds.

    :raises SilenceError: nothing came back.
    :raises OSError: there is no connection, or no TLS.
    """
    plain = connect(address, port, patience)
    try:
        return context.wrap_socket(plain, server_hostname=sent)
    except BaseException:
        plain.close()
        raise


def connect(address: str, port: int, patience: float = PATIENCE) -> socket.socket:
    """Connect by TCP; `patience` in seconds.

    :raises SilenceError: nothing came back.
    :raises OSError: it was refused.
    """
    try:
        return socket.create_connection((address, port), timeout=patience)
    except OSError as error:
        if isinstance(error, TimeoutError) or error.errno in NO_WAY | {errno.EHOSTUNREACH}:
            raise SilenceError(*error.args) from None
        raise


def shown(tls: ssl.SSLSocket) -> Certificate:
    """Return the certificate that the server has shown."""
    return _read(tls.getpeercert(binary_form=True) or b"")


def unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _read(der: bytes) -> Certificate:
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
