"""Certificates and keys for tests, made when they are asked for: no key stands in git.

In a file of a golden case each line that starts with `%` is replaced:

    %cert NAME [names=a.com,*.a.com] [by=NAME] [from=DATE] [until=DATE]
    %key NAME [traditional] [encrypted]     its private key
    %ssh NAME                               the same as ssh-keygen writes it
    %public NAME                            its public key
    %request NAME                           a request for its certificate
    %block TEXT LABEL                       a PEM block with nothing but the text in it
    %p7 NAME                                PKCS#7
    %der cert|key|p7|p12 NAME               in binary, the whole file

NAME may say the key's type, as `a.com:RSA_4096`; else it is of P-256. Root issues Middle, Middle
issues Low and all servers' certificates. `%crlf`, `%bom` and `%latin` change the whole file.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
ISSUERS: Mapping[str, str] = {"Root": "Root", "Middle": "Root", "Low": "Middle", "Other": "Other"}


@functools.cache
def key_of(label: str) -> Key:
    """The private key of NAME, the same at each mention."""
    match label.partition(":")[2]:
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case rsa_type if rsa_type.startswith("RSA_"):
            return rsa.generate_private_key(65537, int(rsa_type.removeprefix("RSA_")))
        case "EC_secp521r1":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def certificate(label: str, **options: str) -> x509.Certificate:
    """The certificate of NAME, the same for the same options."""
    return _certificate(label, tuple(sorted(options.items())))


@functools.cache
def _certificate(label: str, options: tuple[tuple[str, str], ...]) -> x509.Certificate:
    said = dict(options)
    common = label.partition(":")[0]
    issuer = said.get("by", ISSUERS.get(common, "Middle"))
    names = said.get("names", common)
    builder = x509.CertificateBuilder(
        issuer_name=_name(issuer),
        subject_name=_name(common),
        public_key=key_of(label).public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=dt.datetime.fromisoformat(said.get("from", "2020-01-01")),
        not_valid_after=dt.datetime.fromisoformat(said.get("until", "2120-01-01")),
    ).add_extension(x509.BasicConstraints(common in ISSUERS, None), critical=True)
    if common not in ISSUERS and names:
        listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names.split(",")])
        builder = builder.add_extension(listed, critical=False)
    signer = key_of(label if issuer == common else issuer)
    return builder.sign(signer, _hash(signer))


def expand(text: str) -> bytes:
    """A golden case's file as it is to be written."""
    lines = text.split("\n")
    content = b""
    for line in lines[:-1]:
        word, *rest = line.split()[:2] if line.startswith("%") else [""]
        match word:
            case "%der":
                return _binary(rest[0], line.split()[2])
            case "%block":
                label = " ".join(line.split()[2:])
                content += f"-----BEGIN {label}-----\n{rest[0]}\n-----END {label}-----\n".encode()
            case "" | "%crlf" | "%bom" | "%latin":
                content += b"" if word else line.encode() + b"\n"
            case _:
                content += _block(word, *line.split()[1:])
    content += lines[-1].encode()
    if "%crlf" in lines:
        content = content.replace(b"\n", b"\r\n")
    if "%latin" in lines:
        content = content.decode().encode("latin-1")
    return b"\xef\xbb\xbf" + content if "%bom" in lines else content


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _hash(key: Key) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _block(word: str, label: str, *words: str) -> bytes:
    match word:
        case "%cert":
            options = dict(part.split("=", 1) for part in words)
            return certificate(label, **options).public_bytes(Encoding.PEM)
        case "%key":
            form = (
                PrivateFormat.TraditionalOpenSSL if "traditional" in words else PrivateFormat.PKCS8
            )
            return _private(label, form, encrypted="encrypted" in words)
        case "%ssh":
            return _private(label, PrivateFormat.OpenSSH)
        case "%public":
            key = key_of(label).public_key()
            return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        case "%request":
            request = x509.CertificateSigningRequestBuilder(_name(label))
            return request.sign(key_of(label), hashes.SHA256()).public_bytes(Encoding.PEM)
        case "%p7":
            return pkcs7.serialize_certificates([certificate(label)], Encoding.PEM)
        case _:
            raise ValueError(word)


def _private(label: str, form: PrivateFormat, *, encrypted: bool = False) -> bytes:
    secret: KeySerializationEncryption = NoEncryption()
    if encrypted:
        secret = BestAvailableEncryption(b"secret")
    return key_of(label).private_bytes(Encoding.PEM, form, secret)


def _binary(what: str, label: str) -> bytes:
    match what:
        case "cert":
            return certificate(label).public_bytes(Encoding.DER)
        case "key":
            return key_of(label).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        case "p7":
            return pkcs7.serialize_certificates([certificate(label)], Encoding.DER)
        case "p12":
            key = key_of(label)
            secret = BestAvailableEncryption(b"secret")
            return pkcs12.serialize_key_and_certificates(
                label.encode(), key, certificate(label), [certificate("Middle")], secret
            )
        case _:
            raise ValueError(what)
