"""The chain of a server's certificate: order, gaps and dates.

Each certificate is to be issued by the next: names and signatures are checked. The last one is a
root, or a root of Mozilla's list issued it; what else a client trusts is not known here.
https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-format.html takes a chain with
its root and without.
"""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from modules.fleet.pem import Fault, Slot
from modules.fleet.problems import Code, show, words

ENDS_SOON = dt.timedelta(days=30)


def who(name: x509.Name) -> str:
    """A subject or issuer as people call it, quoted."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return show(str(common[0].value) if common else name.rfc4514_string())


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may issue others; one of before X.509 v3 doesn't say."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return certificate.version is x509.Version.v1 and _is_root(certificate)


def chain_faults(
    leaf: x509.Certificate, pool: Sequence[x509.Certificate], slot: Slot, file: str
) -> Iterator[Fault]:
    """Find what is wrong with the order of `pool`, which `file` holds, and what it lacks."""
    path, unused = _follow(leaf, pool)
    last = path[-1] if path else leaf
    if not _is_root(last) and not _has_known_root(last):
        code, message = Code.PEM_CHAIN, _gap(leaf, path, unused, file)
    elif unused:
        code = Code.PEM_CHAIN_ORDER
        message = words(
            f"{who(unused[0].subject)} in {show(file)} issued none of the others",
            cure="take it out",
        )
    elif path != list(pool):
        code = Code.PEM_CHAIN_ORDER
        message = words(
            f"the chain in {show(file)} is out of order",
            allowed=" then ".join(who(each.subject) for each in path),
            cure="AWS wants each issuer below what it issued",
        )
    else:
        return
    yield Fault(slot, code, message)


def date_faults(
    certificates: Sequence[x509.Certificate], slot: Slot, file: str, now: dt.datetime
) -> Iterator[Fault]:
    """Find those that are not valid now, or, as a warning, not for long."""
    for each in certificates:
        named = f"the certificate {who(each.subject)} in {show(file)}"
        ends, starts = each.not_valid_after_utc, each.not_valid_before_utc
        if ends < now:
            message = words(f"{named} ended on {ends:%Y-%m-%d}", cure="name its successor")
            yield Fault(slot, Code.PEM_EXPIRED, message)
        elif starts > now:
            message = words(
                f"{named} is not valid before {starts:%Y-%m-%d %H:%M} UTC",
                cure="AWS takes it from then on; use the present one until then",
            )
            yield Fault(slot, Code.PEM_NOT_YET, message)
        elif ends - now < ENDS_SOON:
            message = words(
                f"{named} ends on {ends:%Y-%m-%d}", cure="AWS does not renew it: get its successor"
            )
            yield Fault(slot, Code.PEM_ENDING, message)


# --- issuers ---------------------------------------------------------------------------------


def _follow(
    leaf: x509.Certificate, pool: Sequence[x509.Certificate]
) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """The issuers from `leaf` upward, as far as `pool` has them, and the rest of it."""
    path: list[x509.Certificate] = []
    rest = list(pool)
    last = leaf
    while not _is_root(last):
        issuer = next((each for each in rest if _issued(last, each)), None)
        if issuer is None:
            break
        rest.remove(issuer)
        path.append(issuer)
        last = issuer
    return path, rest


def _gap(
    leaf: x509.Certificate,
    path: Sequence[x509.Certificate],
    unused: Sequence[x509.Certificate],
    file: str,
) -> str:
    last = path[-1] if path else leaf
    issuer, subject = who(last.issuer), who(last.subject)
    cure = f"add the certificate of {issuer}, and so on up to a root"
    if unused:
        return words(
            f"the chain in {show(file)} breaks: {issuer}, who issued {subject}, is not there",
            cure=cure,
        )
    if not path:
        return words(
            f"the certificate {subject} in {show(file)} has no chain: it was issued by {issuer}",
            cure=f"{cure}, below it or in a file named by chain",
        )
    return words(
        f"the chain in {show(file)} ends with {subject}, whose issuer {issuer} is no root that "
        "browsers know",
        cure=f"{cure}; of an authority of your own, its root too",
    )


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer and _issued(certificate, certificate)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _has_known_root(certificate: x509.Certificate) -> bool:
    known = _roots_in(Path(certifi.where()))
    candidates = known.get(certificate.issuer.public_bytes(), ())
    return any(_issued(certificate, root) for root in candidates)


@functools.cache
def _roots_in(path: Path) -> Mapping[bytes, Sequence[x509.Certificate]]:
    """A file's roots by the DER of their subjects."""
    roots: dict[bytes, list[x509.Certificate]] = {}
    with warnings.catch_warnings():
        # Some old roots have serial numbers that RFC 5280 forbids.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for root in x509.load_pem_x509_certificates(path.read_bytes()):
            roots.setdefault(root.subject.public_bytes(), []).append(root)
    return roots
