"""Plays a certificate authority: writes the PEM files of this example's `fleet.yaml` into `pem/`.

`make_pem.py [NAME…]`: without names, whatever is missing; with names, new certificates for those.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

FOLDER = Path(__file__).parent / "pem"

CERTIFICATES = {
    "imported.com": ("imported.com", "www.imported.com"),
    "uploaded.com": ("uploaded.com",),
    "both": ("first.com", "second.com"),
}
"""Names by what the files are called."""

DAYS = 90


def main(wanted: list[str]) -> None:
    if unknown := [name for name in wanted if name not in CERTIFICATES]:
        sys.exit(f"no certificate is called {', '.join(unknown)}; known: {', '.join(CERTIFICATES)}")
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    if not (FOLDER / "issuer.key").exists():
        make_authority()
    for name in wanted or CERTIFICATES:
        if wanted or not (FOLDER / f"{name}.key").exists():
            make_certificate(name)


def make_authority() -> None:
    """Make a root, which clients would have to trust, and an issuer below it."""
    root_key, key = make_key(), make_key()
    root = sign("Example root", root_key, ("Example root", root_key), authority=True)
    issuer = sign("Example issuer", key, ("Example root", root_key), authority=True)
    # An authority that browsers know would leave its root out.
    write("chain.pem", pem(issuer) + pem(root))
    write("issuer.key", key_pem(key))


def make_certificate(name: str) -> None:
    """Make a key and a certificate, the latter alone and with its chain below it."""
    issuer = serialization.load_pem_private_key((FOLDER / "issuer.key").read_bytes(), None)
    if not isinstance(issuer, rsa.RSAPrivateKey):
        sys.exit("pem/issuer.key is not an RSA key: remove the folder")
    key = make_key()
    certificate = pem(
        sign(CERTIFICATES[name][0], key, ("Example issuer", issuer), CERTIFICATES[name])
    )
    write(f"{name}.key", key_pem(key))
    write(f"{name}.crt", certificate)
    write(f"{name}.pem", certificate + (FOLDER / "chain.pem").read_bytes())


def sign(
    subject: str,
    key: rsa.RSAPrivateKey,
    issuer: tuple[str, rsa.RSAPrivateKey],
    names: tuple[str, ...] = (),
    *,
    authority: bool = False,
) -> x509.Certificate:
    """Return a certificate of an authority, or of a server with `names`."""
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer[0]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()),
            critical=False,
        )
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(issuer[1], hashes.SHA256())


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write(name: str, content: bytes) -> None:
    file = FOLDER / name
    file.touch(mode=0o600)
    file.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
