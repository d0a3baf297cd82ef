"""The sandbox's own certificate authority, which plays ACM's: a root and an issuer below it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY = dt.timedelta(days=198)
"""Of a public certificate by ACM: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html"""

_ROOT_VALIDITY = dt.timedelta(days=3650)
_BACKDATE = dt.timedelta(hours=1)

_CURVES = {"prime256v1": ec.SECP256R1(), "secp384r1": ec.SECP384R1(), "secp521r1": ec.SECP521R1()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate in PEM with all that a server needs to present it."""

    certificate: bytes
    chain: bytes
    key: bytes

    @property
    def bundle(self) -> bytes:
        """The three in the order in which HAProxy reads them."""
        return self.certificate + self.chain + self.key


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues server certificates that are trusted by who trusts the root."""

    _certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    def issue(
        self,
        names: Sequence[str],
        *,
        algorithm: str = "RSA_2048",
        start: dt.datetime | None = None,
        validity: dt.timedelta = VALIDITY,
    ) -> Issued:
        """Issue a certificate for DNS names; `algorithm` of its key is in ACM's words."""
        key = _key(algorithm)
        start = start or _now() - _BACKDATE
        certificate = (
            _builder(names[0], self._certificate.subject, key, start, start + validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_parent(self._key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(_pem(certificate), _pem(self._certificate), _key_pem(key))


def self_signed(name: str) -> Issued:
    """Make a certificate that nobody vouches for."""
    key = _key("RSA_2048")
    start = _now() - _BACKDATE
    certificate = (
        _builder(name, _name(name), key, start, start + _ROOT_VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Issued(_pem(certificate), b"", _key_pem(key))


def root_file(folder: Path) -> Path:
    """Return the file of the certificate that a client has to trust."""
    return folder / "root.pem"


def create(folder: Path) -> None:
    """Make root and issuer in `folder`; the root's key is thrown away."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    start = _now() - _BACKDATE
    end = start + _ROOT_VALIDITY
    root_name = _name("Portico sandbox root")
    root = _authority(
        _builder("Portico sandbox root", root_name, root_key, start, end), root_key, root_key, 1
    )
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _authority(
        _builder("Portico sandbox issuer", root_name, key, start, end), key, root_key, 0
    )
    root_file(folder).write_bytes(_pem(root))
    write_secret(folder / "issuer.pem", _pem(issuer) + _key_pem(key))


def load(folder: Path) -> Authority:
    """Return the authority that `create` made.

    :raises TypeError: the key is of another kind.
    """
    pem = (folder / "issuer.pem").read_bytes()
    key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE") :], None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{folder / 'issuer.pem'}: not an elliptic curve key")
    return Authority(x509.load_pem_x509_certificate(pem), key)


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)


def _key(algorithm: str) -> PrivateKey:
    """Make a key: `RSA_2048`, `EC_prime256v1` and their like."""
    kind, _, size = algorithm.partition("_")
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(size))
    return ec.generate_private_key(_CURVES[size])


def _authority(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    parent: ec.EllipticCurvePrivateKey,
    path_length: int,
) -> x509.Certificate:
    return (
        builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_parent(parent), critical=False)
        .sign(parent, hashes.SHA256())
    )


def _builder(
    common_name: str,
    issuer: x509.Name,
    key: PrivateKey,
    start: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _parent(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _name(common_name: str) -> x509.Name:
    # RFC 5280 ends a common name at 64 characters.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
