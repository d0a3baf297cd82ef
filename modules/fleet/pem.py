"""PEM files by their form: what stands in them, and what should stand there instead.

RFC 7468: blocks of base64 between two lines; text around them is nobody's. What the blocks mean is
`modules.fleet.server_certificates`' to say.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modules.fleet.paths import fault_of_file, first_bytes
from modules.fleet.problems import Code, show, words

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(r"\s*Proc-Type:\s*4,\s*ENCRYPTED")
"""RFC 1421, as OpenSSL's traditional form of keys has it."""
_MOST_BYTES = 1048576
_LINE = 64

Slot = Literal["certificate", "private_key", "chain", "public_keys"]
"""The key that names a file."""


@dataclass(frozen=True, slots=True)
class PemFacts:
    """A certificate that has been checked with its key and chain."""

    fingerprint: str
    """SHA-256 of the certificate's DER, in lower-case hex."""
    chain: str
    """SHA-256 of the DER of its intermediate certificates, one after another, in lower-case hex."""
    names: tuple[str, ...]
    not_after: dt.datetime
    key_type: str
    """In ACM's words: RSA_2048, EC_prime256v1…"""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file."""

    slot: Slot
    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in the files of one certificate."""

    facts: PemFacts | None
    """None where no certificate was."""
    faults: tuple[Fault, ...]
    """Warnings among them."""


class UnfitFileError(Exception):
    """A file that cannot be used at all."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


@dataclass(frozen=True, slots=True)
class PemFile:
    """A file's blocks by their labels, each in order and in RFC 7468's form."""

    slot: Slot
    name: str
    """As written in the fleet file."""
    blocks: Mapping[str, tuple[bytes, ...]]

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return self.blocks.get("CERTIFICATE", ())

    @property
    def private_keys(self) -> tuple[bytes, ...]:
        """Private keys of all forms."""
        return tuple(
            block
            for label, blocks in self.blocks.items()
            if label.endswith("PRIVATE KEY")
            for block in blocks
        )

    def unfit(self, what: str, *, allowed: str = "", cure: str = "") -> UnfitFileError:
        """What to raise for a file that holds something else than it should."""
        return _unfit(self.slot, f"file {show(self.name)} {what}", allowed=allowed, cure=cure)


def read_pem_file(slot: Slot, name: str, folder: Path) -> PemFile:
    """Read the file at `name`, which starts from `folder` where it is relative.

    Raises UnfitFileError: F323, F610, or F612 for a private key with a passphrase.
    """
    content = _content(slot, name, folder)
    if form := _binary_form(content):
        raise _of_form(slot, name, form)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"file {show(name)} is not UTF-8 text"
        raise _unfit(slot, message, allowed="PEM", cure="save it as UTF-8") from None
    found = _BLOCK.findall(text)
    if len(found) < text.count("-----BEGIN "):
        message = f"file {show(name)} is cut off: a -----BEGIN line in it lacks its -----END line"
        raise _unfit(slot, message, cure=ANEW)
    blocks: dict[str, tuple[bytes, ...]] = {}
    for label, body in found:
        if label == "PKCS7":
            raise _of_form(slot, name, "PKCS#7 in PEM")
        encrypted = label == "ENCRYPTED PRIVATE KEY" or _ENCRYPTED.match(body)
        if encrypted and slot == "private_key":
            raise _encrypted(slot, name)
        block = b"" if encrypted else _in_form(slot, name, label, body)
        blocks[label] = (*blocks.get(label, ()), block)
    return PemFile(slot, name, blocks)


def openssl(command: str, name: str, ending: str = ".pem") -> str:
    """Give an openssl command line that reads the file and writes its result beside it."""
    return f"openssl {command} -in {_shell_word(name)} -out {_shell_word(name + ending)}"


# --- forms -----------------------------------------------------------------------------------


def _content(slot: Slot, name: str, folder: Path) -> bytes:
    try:
        content = first_bytes(folder / Path(name).expanduser(), _MOST_BYTES)
    except (OSError, RuntimeError) as error:
        fault = fault_of_file(error)
    else:
        if len(content) <= _MOST_BYTES:
            return content
        fault = f"has more than {_MOST_BYTES} bytes"
    message = words(
        f"file {show(name)} {fault}", cure="relative paths start from the fleet file's folder"
    )
    raise UnfitFileError(Fault(slot, Code.FILE, message))


def _binary_form(content: bytes) -> str:
    """The form of a file in DER (X.690), told by its first bytes; empty for text."""
    if not _SEQUENCE.match(content):
        return ""
    body = _inside(content)
    if body.startswith(b"\x02\x01\x03"):
        return "PKCS#12"
    if body.startswith(b"\x02\x01"):
        return "a private key in DER"
    if body.startswith(b"\x06"):
        return "PKCS#7"
    # An encrypted key starts with the OID of its cipher, a certificate with its version.
    encrypted = _inside(body).startswith(b"\x06")
    return "a private key in DER" if encrypted else "a certificate in DER"


def _inside(der: bytes) -> bytes:
    """What follows an element's tag and length."""
    length = der[1] if len(der) > 1 else 0
    return der[2 + (length & 0x7F if length & 0x80 else 0) :]


_SEQUENCE = re.compile(rb"\x30[\x81-\x84]..", re.DOTALL)
ANEW = "take it anew from where it came from"
_COMMANDS: Mapping[str, Mapping[Slot, str]] = {
    "PKCS#12": {
        "certificate": "pkcs12 -clcerts -nokeys",
        "chain": "pkcs12 -cacerts -nokeys",
        "private_key": "pkcs12 -nocerts -nodes",
    },
    "PKCS#7": {
        "certificate": "pkcs7 -inform DER -print_certs",
        "chain": "pkcs7 -inform DER -print_certs",
    },
    "PKCS#7 in PEM": {"certificate": "pkcs7 -print_certs", "chain": "pkcs7 -print_certs"},
    "a private key in DER": {"private_key": "pkey -inform DER"},
    "a certificate in DER": {"certificate": "x509 -inform DER", "chain": "x509 -inform DER"},
}
"""What makes PEM of each form, for what the slot needs of it. No command prints a key."""
_ENDINGS: Mapping[Slot, str] = {"certificate": ".crt", "private_key": ".key", "chain": ".chain"}
"""Of the files that are made of one."""


def _of_form(slot: Slot, name: str, form: str) -> UnfitFileError:
    command = _COMMANDS[form].get(slot)
    ending = _ENDINGS[slot] if form == "PKCS#12" else ".pem"
    return _unfit(
        slot,
        f"file {show(name)} is {form}",
        allowed="PEM",
        cure=f"write it with {openssl(command, name, ending)}" if command else "",
    )


def _encrypted(slot: Slot, name: str) -> UnfitFileError:
    message = words(
        f"the private key in {show(name)} is encrypted, and AWS takes none with a passphrase",
        cure=f"decrypt it with {openssl('pkey', name)}, which asks for the passphrase",
    )
    return UnfitFileError(Fault(slot, Code.PEM_ENCRYPTED, message))


def _in_form(slot: Slot, name: str, label: str, body: str) -> bytes:
    """The block without white space that AWS and cryptography would stumble over."""
    packed = "".join(body.split())
    try:
        base64.b64decode(packed, validate=True)
    except ValueError:
        message = f"file {show(name)} is damaged: a {label.lower()} in it is no base64"
        raise _unfit(slot, message, cure=ANEW) from None
    lines = [packed[i : i + _LINE] for i in range(0, len(packed), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _unfit(slot: Slot, what: str, *, allowed: str = "", cure: str = "") -> UnfitFileError:
    code = Code.PUBLIC_KEY if slot == "public_keys" else Code.PEM_FORM
    return UnfitFileError(Fault(slot, code, words(what, allowed=allowed, cure=cure)))


def _shell_word(path: str) -> str:
    """The path as a shell needs it; `~/` stays outside of quotes."""
    return "~/" + shlex.quote(path[2:]) if path.startswith("~/") else shlex.quote(path)
