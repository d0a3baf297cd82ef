"""Names on certificates: whether they cover their sites, and whether ACM takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modules.fleet.certificate_sections import (
    Acm,
    IamCertificate,
    ImportedCertificate,
    RequestedCertificate,
)
from modules.fleet.certificate_uses import uses
from modules.fleet.domains import both_forms
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject

_ACM_NAMES = 10
"""Names on one ACM certificate by default:
https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html"""
_ACM_FIRST_NAME = 64
"""Characters of the first name, which becomes the common name:
https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"""
_SHOWN_NAMES = 5


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate's name stands for `name`: RFC 6125, 6.4.3, a `*` being one label."""
    if pattern.startswith("*."):
        label, _, parent = name.partition(".")
        return bool(label) and parent == pattern[2:]
    return pattern == name


def coverage(subject: Subject) -> Iterator[Problem]:
    for use in uses(subject):
        match use.certificate:
            case RequestedCertificate(acm=Acm(names=tuple() as names)):
                what, cure = "the certificate", "add it to names"
            case ImportedCertificate(acm_import=pem) | IamCertificate(iam=pem):
                facts = subject.pems[pem].facts
                if facts is None:
                    continue
                names, what = facts.names, f"the certificate in {show(pem.certificate)}"
                cure = "get one that has it, or give the site another certificate"
            case _:
                continue
        missing = [name for name in use.site.names if not any(covers(each, name) for each in names)]
        if missing:
            what += f" lacks {_listed(missing)}: it has {_listed(names) or 'no name'}"
            if any(name.endswith(each[1:]) for each in names for name in missing if each[0] == "*"):
                what += ", and a wildcard stands for one label"
            at = (*use.path, "certificate") if use.own else use.path
            yield subject.problem(Code.NOT_COVERED, at, words(what, cure=cure), at_key=not use.own)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(both_forms(name) for name in names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def numbers_of_names(subject: Subject) -> Iterator[Problem]:
    """Names that ACM is asked for, too many of them, or a first one too long."""
    most = subject.file.quotas.names_per_certificate or _ACM_NAMES
    asked: list[tuple[KeyPath, KeyPath, Sequence[str], str]] = []
    for path, certificate in subject.certificates.items():
        if isinstance(certificate, RequestedCertificate) and certificate.acm.names:
            at = (*path, "acm", "names")
            asked.append((at, (*at, 0), certificate.acm.names, "put another first"))
    for use in uses(subject):
        if isinstance(use.certificate, RequestedCertificate) and not use.certificate.acm.names:
            cure = "make a shorter name the site and this one its alias"
            asked.append(((*use.path, "aliases"), use.path, use.site.names, cure))
    for at, at_first, names, cure in asked:
        if len(names) > most:
            what = f"{both_forms(names[0])} has {len(names)} names with its aliases"
            message = words(
                f"{len(names)} names are listed" if at[-1] == "names" else what,
                allowed=f"{most} on an ACM certificate",
                cure="spread them over two, or say quotas: {names_per_certificate: …} if AWS has "
                "raised yours",
            )
            yield subject.problem(Code.TOO_MANY_NAMES, at, message, at_key=True)
        if len(names[0]) > _ACM_FIRST_NAME:
            message = words(
                f"{both_forms(names[0])} has {len(names[0])} characters",
                allowed=f"{_ACM_FIRST_NAME} as the first name of an ACM certificate",
                cure=cure,
            )
            yield subject.problem(Code.LONG_FIRST_NAME, at_first, message, at_key=True)
