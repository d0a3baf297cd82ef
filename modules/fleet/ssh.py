"""SSH host keys: one public key in OpenSSH's form, decoded and checked."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated

from pydantic import AfterValidator

from modules.fleet.problems import Code, refusal, show
from modules.fleet.text import described

_PARTS = {
    "ssh-ed25519": 2,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "ssh-rsa": 3,
}
"""Number of fields in the key, its type included: RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4."""
_ED25519_BYTES = 32
_RSA_BITS = 2048
_ALLOWED = f"TYPE BASE64 with TYPE one of {', '.join(_PARTS)}"


def _host_key(value: str) -> str:
    """Return `TYPE BASE64`, without the comment that may follow."""
    if "PRIVATE KEY" in value:
        raise refusal(
            Code.HOST_KEY,
            "host_key holds a private key",
            allowed=_ALLOWED,
            cure="take the server's /etc/ssh/ssh_host_ed25519_key.pub, and replace the leaked key",
        )
    words = value.split()
    if any(not c.isprintable() for c in value):
        raise _malformed(value, "is not on one line")
    if words and words[0] in _PARTS and len(words) > 1:
        return f"{words[0]} {_checked_blob(value, words[0], words[1])}"
    if len(words) > 2 and words[1] in _PARTS:  # noqa: PLR2004 - host, type and key
        raise refusal(
            Code.HOST_KEY,
            f"host_key {show(value)} is a line of known_hosts, with the host in front",
            meant=show(f"{words[1]} {words[2]}"),
        )
    if value.startswith(("SHA256:", "MD5:")):
        raise _malformed(value, "is a fingerprint, not a key")
    raise _malformed(value, "is malformed")


def _checked_blob(value: str, kind: str, base64: str) -> str:
    try:
        fields = _fields(b64decode(base64, validate=True))
    except (binascii.Error, ValueError):
        raise _malformed(value, "is cut short or no base64") from None
    if fields[0] != kind.encode():
        inner = fields[0].decode("ascii", "replace")
        raise _malformed(value, f"says {kind} but holds {show(inner)}")
    if len(fields) != _PARTS[kind]:
        raise _malformed(value, "is cut short or has too much")
    if kind == "ssh-ed25519" and len(fields[1]) != _ED25519_BYTES:
        raise _malformed(value, f"has {len(fields[1])} bytes of key instead of {_ED25519_BYTES}")
    if kind.startswith("ecdsa-") and fields[1].decode("ascii", "replace") != kind[-8:]:
        raise _malformed(value, f"is of another curve than {kind[-8:]}")
    if kind == "ssh-rsa" and int.from_bytes(fields[2]).bit_length() < _RSA_BITS:
        raise _malformed(value, f"is an RSA key of fewer than {_RSA_BITS} bits")
    return base64


def _fields(blob: bytes) -> list[bytes]:
    """Split SSH's wire form: strings, each after its length in four bytes (RFC 4251, 5)."""
    fields = []
    while blob:
        end = 4 + int.from_bytes(blob[:4])
        if len(blob) < end:
            raise ValueError("cut short")
        fields.append(blob[4:end])
        blob = blob[end:]
    if not fields:
        raise ValueError("empty")
    return fields


def _malformed(value: str, fault: str) -> Exception:
    return refusal(
        Code.HOST_KEY,
        f"host_key {show(value)} {fault}",
        allowed=_ALLOWED,
        cure="ssh-keyscan -t ed25519 HOST prints it after the host",
    )


HostKey = Annotated[str, AfterValidator(_host_key), described("TYPE BASE64")]
