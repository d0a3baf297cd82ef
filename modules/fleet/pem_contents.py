"""What stands in the blocks of a PEM file: certificates and keys."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.utils import CryptographyDeprecationWarning

from modules.fleet.pem import ANEW, PemFile, UnfitFileError, openssl, read_pem_file

_KEY_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
_CURVES = {
    "secp256r1": "EC_prime256v1",
    "secp384r1": "EC_secp384r1",
    "secp521r1": "EC_secp521r1",
}
"""ACM's names: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"""
_INSTEAD = {
    "CERTIFICATE REQUEST": "a request for a certificate",
    "NEW CERTIFICATE REQUEST": "a request for a certificate",
    "PUBLIC KEY": "a public key",
    "OPENSSH PRIVATE KEY": "a key of ssh",
}


def read_public_key(name: str, folder: Path) -> str:
    """Give the base64 of the DER public key in a file, or in a certificate there.

    Raises UnfitFileError.
    """
    file = read_pem_file("public_keys", name, folder)
    if file.private_keys:
        raise file.unfit(
            "holds a private key, which belongs on the server alone",
            cure=f"name its public key: {openssl('pkey -pubout', name, '.pub')}",
        )
    blocks = (*file.blocks.get("PUBLIC KEY", ()), *file.certificates)
    if len(blocks) != 1:
        raise file.unfit(
            f"holds {len(blocks)} public keys" if blocks else "holds no public key",
            allowed="one a file, from -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE----- on",
        )
    if file.certificates:
        key = public_key(certificates(file)[0])
    else:
        try:
            key = load_pem_public_key(blocks[0])
        except (ValueError, UnsupportedAlgorithm):
            key = None
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise file.unfit("holds a public key of another type", allowed="RSA, EC")
    return base64.b64encode(_der(key)).decode("ascii")


def certificates(file: PemFile) -> list[x509.Certificate]:
    if not file.certificates:
        raise _other(file, "certificate")
    with warnings.catch_warnings():
        # Some old roots have serial numbers that RFC 5280 forbids.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            return [x509.load_pem_x509_certificate(block) for block in file.certificates]
        except ValueError:
            what = "holds a certificate that cannot be read"
            raise file.unfit(what, cure=ANEW) from None


def private_key(file: PemFile) -> PublicKeyTypes:
    """The public half of the one private key in `file`."""
    keys = [block for label in _KEY_LABELS for block in file.blocks.get(label, ())]
    if not keys:
        raise _other(file, "private key")
    if len(keys) > 1:
        raise file.unfit(f"holds {len(keys)} private keys", cure="keep the certificate's")
    try:
        return load_pem_private_key(keys[0], password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = "holds a private key that cannot be read"
        raise file.unfit(what, cure=ANEW) from None


def _other(file: PemFile, wanted: str) -> UnfitFileError:
    """What to raise for a file without what it should hold."""
    found = [_INSTEAD[label] for label in file.blocks if label in _INSTEAD]
    if file.certificates:
        found = ["a certificate"]
    elif file.private_keys and not found:
        found = ["a private key"]
    if wanted == "certificate":
        allowed = "PEM, from -----BEGIN CERTIFICATE----- on"
    else:
        allowed = f"PEM, a block of {', '.join(_KEY_LABELS)}"
    holds = f"holds {found[0]}, no {wanted}" if found else f"holds no {wanted}"
    return file.unfit(holds, allowed=allowed)


def public_key(certificate: x509.Certificate) -> PublicKeyTypes | None:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def is_of(certificate: x509.Certificate, key: PublicKeyTypes) -> bool:
    public = public_key(certificate)
    return public is not None and _der(public) == _der(key)


def key_type(key: object) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA_{key.key_size}"
        case ec.EllipticCurvePublicKey():
            return _CURVES.get(key.curve.name, f"EC_{key.curve.name}")
        case None:
            return "unknown"
        case dsa.DSAPublicKey():
            return f"DSA_{key.key_size}"
        case _:
            return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names; a common name alone counts for no client: RFC 9525."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(name.lower() for name in names.value.get_values_for_type(x509.DNSName))


def _der(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
