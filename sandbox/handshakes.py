"""TLS with a server: the newest version, or one of old that today's OpenSSL no longer speaks."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from nassl._nassl import OpenSSLError
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum

HTTPS = 443

PATIENCE = 10
"""Seconds for each of connection, handshake and answer."""

_LEGACY = {
    "SSLv3": OpenSslVersionEnum.SSLV3,
    "TLSv1": OpenSslVersionEnum.TLSV1,
    "TLSv1.1": OpenSslVersionEnum.TLSV1_1,
}
"""The versions of old."""


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


def handshake(address: str, context: ssl.SSLContext, sent: str | None) -> ssl.SSLSocket:
    """Connect to port 443; `sent` is the name in SNI, None to send none.

    :raises OSError: there is no connection, or no TLS.
    """
    plain = socket.create_connection((address, HTTPS), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=sent)
    except BaseException:
        plain.close()
        raise


def shown(tls: ssl.SSLSocket) -> Certificate:
    """Return the certificate that the server has shown."""
    return _read(tls.getpeercert(binary_form=True) or b"")


def unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def accepts(address: str, version: str, sent: str | None) -> bool:
    """Whether the server takes one version alone, `TLSv1.2` or an older one."""
    if version not in _LEGACY:
        context = unverified()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            with handshake(address, context, sent):
                return True
        except OSError:
            return False
    try:
        with socket.create_connection((address, HTTPS), timeout=PATIENCE) as plain:
            client = LegacySslClient(
                underlying_socket=plain,
                ssl_version=_LEGACY[version],
                ssl_verify=OpenSslVerifyEnum.NONE,
            )
            if sent:
                client.set_tlsext_host_name(sent)
            client.do_handshake()
            client.shutdown()
    except (OSError, OpenSSLError):
        return False
    return True


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
