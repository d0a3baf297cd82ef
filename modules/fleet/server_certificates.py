"""PEM files of a server's certificate, its key and its chain: what they mean, and what is wrong.

Imported only for fleets that name such files, as cryptography costs a tenth of a second.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from modules.fleet.certificate_sections import Pem
from modules.fleet.chains import chain_faults, date_faults, is_authority, who
from modules.fleet.pem import (
    Fault,
    PemFacts,
    PemFile,
    Reading,
    Slot,
    UnfitFileError,
    read_pem_file,
)
from modules.fleet.pem_contents import certificates, is_of, key_type, names, private_key, public_key
from modules.fleet.problems import Code, show, words


def read_pem(pem: Pem, folder: Path, now: dt.datetime) -> Reading:
    """Read and check the files of `pem`; relative ones start from `folder`."""
    reader = _Reader(pem, folder)
    return Reading(reader.facts(now), tuple(reader.faults))


@dataclass(slots=True)
class _Reader:
    """One `Pem`, read file by file; faults are gathered, so that all are told at once."""

    pem: Pem
    folder: Path
    faults: list[Fault] = field(default_factory=list)

    def facts(self, now: dt.datetime) -> PemFacts | None:
        own = self._read("certificate", self.pem.certificate)
        named = self._read("chain", self.pem.chain) if self.pem.chain else None
        key = self._key()
        if not own:
            return None
        leaf = self._leaf(own, named or [], key)
        below = [each for each in own if each != leaf and is_authority(each)]
        chain = self._chain(leaf, below, named, exchanged=leaf not in own)
        self.faults += self._several(leaf, own)
        self.faults += date_faults([leaf], "certificate", self.pem.certificate, now)
        if chain is not None:
            place = self._chain_place()
            self.faults += date_faults([each for each in chain if each != leaf], *place, now)
            if not any(fault.code is Code.PEM_CHAIN_ORDER for fault in self.faults):
                self.faults += chain_faults(leaf, chain, *place)
        return PemFacts(
            fingerprint=hashlib.sha256(_encoded([leaf])).hexdigest(),
            chain=hashlib.sha256(_encoded(chain or [])).hexdigest(),
            names=names(leaf),
            not_after=leaf.not_valid_after_utc,
            key_type=key_type(public_key(leaf)),
        )

    def _read(self, slot: Slot, name: str) -> list[x509.Certificate] | None:
        try:
            return certificates(self._without_key(read_pem_file(slot, name, self.folder)))
        except UnfitFileError as error:
            self.faults.append(error.fault)
            return None

    def _without_key(self, file: PemFile) -> PemFile:
        bundle = file.slot == "certificate" and self.pem.private_key == self.pem.certificate
        if file.private_keys and file.certificates and not bundle:
            raise file.unfit(
                "holds a private key too", cure="keep the key in the file of private_key alone"
            )
        return file

    def _key(self) -> PublicKeyTypes | None:
        try:
            return private_key(read_pem_file("private_key", self.pem.private_key, self.folder))
        except UnfitFileError as error:
            self.faults.append(error.fault)
            return None

    def _chain_place(self) -> tuple[Slot, str]:
        """The file that holds the chain."""
        return (
            ("chain", self.pem.chain) if self.pem.chain else ("certificate", self.pem.certificate)
        )

    def _fault(self, slot: Slot, code: Code, what: str, cure: str) -> None:
        self.faults.append(Fault(slot, code, words(what, cure=cure)))

    def _leaf(
        self,
        own: Sequence[x509.Certificate],
        named: Sequence[x509.Certificate],
        key: PublicKeyTypes | None,
    ) -> x509.Certificate:
        """The server's certificate: the key's; without a key, the one that is no authority's."""
        name = self.pem.certificate
        if key is None:
            fitting = [each for each in own if not is_authority(each)] or [own[0]]
        else:
            fitting = [each for each in own if is_of(each, key)]
        if fitting and fitting[0] != own[0] and is_authority(own[0]):
            self._fault(
                "certificate",
                Code.PEM_CHAIN_ORDER,
                f"{show(name)} starts with {who(own[0].subject)}, an issuer's certificate",
                "write the server's certificate first, and each issuer below what it issued",
            )
        elif not fitting and (elsewhere := [each for each in named if key and is_of(each, key)]):
            fitting = elsewhere
            self._fault(
                "chain",
                Code.PEM_CHAIN_ORDER,
                f"{show(self.pem.chain)} holds the server's certificate, and {show(name)} does not",
                "exchange certificate and chain",
            )
        elif not fitting:
            self._fault(
                "private_key",
                Code.PEM_KEY,
                f"the private key in {show(self.pem.private_key)} is not that of the certificate "
                f"in {show(name)}",
                "name the key that the certificate was requested with",
            )
        return fitting[0] if fitting else own[0]

    def _several(self, leaf: x509.Certificate, own: Sequence[x509.Certificate]) -> Iterator[Fault]:
        leaves = [each for each in own if each == leaf or not is_authority(each)]
        if len(leaves) > 1:
            message = words(
                f"{show(self.pem.certificate)} holds {len(leaves)} certificates of servers: "
                + ", ".join(who(each.subject) for each in leaves),
                cure="keep one, with those that issued it below",
            )
            yield Fault("certificate", Code.PEM_SEVERAL, message)

    def _chain(
        self,
        leaf: x509.Certificate,
        below: list[x509.Certificate],
        named: list[x509.Certificate] | None,
        *,
        exchanged: bool,
    ) -> list[x509.Certificate] | None:
        """The chain that is meant; None where its file cannot be used."""
        if self.pem.chain is None or named is None:
            return below if self.pem.chain is None else None
        if exchanged:
            return named
        if leaf in named:
            self._fault(
                "chain",
                Code.PEM_CHAIN_ORDER,
                f"the chain in {show(self.pem.chain)} holds the server's certificate itself",
                "name a file of its issuers alone; or name this one as certificate, without chain",
            )
        elif below and below != named:
            self._fault(
                "chain",
                Code.PEM_CHAIN_ORDER,
                f"{show(self.pem.certificate)} holds a chain already, another than "
                f"{show(self.pem.chain)}",
                "keep one of them",
            )
        return named


def _encoded(chain: Sequence[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(Encoding.DER) for each in chain)
