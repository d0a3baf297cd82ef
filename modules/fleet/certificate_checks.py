"""What is wrong with the certificates of a fleet: their keys, files and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from modules.fleet.aws import partition
from modules.fleet.capability_checks import a_balancer
from modules.fleet.certificate_sections import (
    ArnCertificate,
    IamCertificate,
    ImportedCertificate,
    NamedCertificate,
    RequestedCertificate,
)
from modules.fleet.certificate_uses import uses
from modules.fleet.pem import Fault
from modules.fleet.problems import Code, Problem, nearest, show, words
from modules.fleet.sections import LocalChoice
from modules.fleet.site_sections import LoadBalancer
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject

_WARNINGS = (Code.PEM_ENDING,)

Service = Literal["acm", "iam"]

_SMALL_RSA = ("RSA_1024", "RSA_2048", "RSA_3072")
_EC = ("EC_prime256v1", "EC_secp384r1", "EC_secp521r1")
_KEY_TYPES: Mapping[LoadBalancer, Mapping[Service, Sequence[str]]] = {
    # https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
    "application": dict.fromkeys(("acm", "iam"), (*_SMALL_RSA, "RSA_4096", *_EC)),
    "shared": dict.fromkeys(("acm", "iam"), (*_SMALL_RSA, "RSA_4096", *_EC)),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/tls-listener-certificates.html
    "network": dict.fromkeys(("acm", "iam"), (*_SMALL_RSA, *_EC)),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/ssl-server-cert.html
    "classic": {"acm": _SMALL_RSA, "iam": (*_SMALL_RSA, "RSA_4096", *_EC)},
}
"""Types of keys that each kind of balancer takes from either service, in ACM's words."""


# --- certificates of several sites -----------------------------------------------------------


def named(subject: Subject) -> Iterator[Problem]:
    """Certificates that are used and not listed, or the other way round."""
    listed = subject.file.certificates
    used: set[str] = set()
    for path, certificate in subject.certificates.items():
        if not isinstance(certificate, NamedCertificate):
            continue
        used.add(certificate.use)
        if certificate.use in listed or subject.doubtful_below(("certificates", certificate.use)):
            continue
        guess = nearest(certificate.use, listed)
        message = words(
            f"no certificate is named {show(certificate.use)}",
            allowed=", ".join(listed) or "none, as certificates is empty",
            meant=show(guess) if guess else "",
        )
        yield subject.problem(Code.NO_SUCH_CERTIFICATE, (*path, "use"), message)
    for name, certificate in listed.items():
        at = ("certificates", name)
        if name not in used and not any(map(_may_use, subject.draft.refused)):
            message = words(
                f"no site uses the certificate {show(name)}",
                cure=f"say certificate: {{use: {name}}} in a site or in defaults, or take it out",
            )
            yield subject.problem(Code.UNUSED_CERTIFICATE, at, message, at_key=True)
        if isinstance(certificate, RequestedCertificate) and not certificate.acm.names:
            message = words(
                f"the certificate {show(name)} does not say its names",
                cure="list them: acm: {names: [example.com, '*.example.com']}",
            )
            yield subject.problem(Code.NAMES_OF_NAMED, at, message, at_key=True)


def _may_use(refused: KeyPath) -> bool:
    """Whether a certificate may have been used at a place that is refused."""
    return "certificate" in refused or refused in {("defaults",), ("sites",)}


# --- places and keys -------------------------------------------------------------------------


def arns(subject: Subject) -> Iterator[Problem]:
    region = subject.file.region
    for path, certificate in subject.certificates.items():
        if not isinstance(certificate, ArnCertificate):
            continue
        _, its_partition, service, its_region, *_ = certificate.arn.split(":")
        at = (*path, "arn")
        if its_partition != partition(region):
            message = words(
                f"the certificate is of the partition {its_partition}",
                allowed=f"{partition(region)}, where {region} lies",
            )
            yield subject.problem(Code.ARN_PLACE, at, message)
        elif service == "acm" and its_region != region:
            message = words(
                f"the certificate is of the region {its_region}",
                allowed=f"the fleet's, {region}",
                cure="request or import it there",
            )
            yield subject.problem(Code.ARN_PLACE, at, message)


def key_types(subject: Subject) -> Iterator[Problem]:
    for use in uses(subject):
        service: Service = "iam" if isinstance(use.certificate, IamCertificate) else "acm"
        type_: str | None
        match use.certificate:
            case RequestedCertificate(acm=acm):
                type_, cure = acm.key_algorithm, "say key_algorithm: RSA_2048"
            case ImportedCertificate(acm_import=pem) | IamCertificate(iam=pem):
                facts = subject.pems[pem].facts
                type_, cure = facts.key_type if facts else None, ""
            case _:
                continue
        for kind, said in subject.kinds(use.path):
            taken = _KEY_TYPES[kind]
            if type_ in taken[service] or type_ is None:
                continue
            if service == "acm" and type_ in taken["iam"] and not cure:
                cure = "say iam instead of acm_import"
            at = said if said[0] == "sites" and not use.own else (*use.path, "certificate")
            message = words(
                f"{a_balancer(kind)} takes no {type_} key from {service.upper()}",
                allowed=", ".join(taken[service]),
                cure=cure or "get a certificate with another key",
            )
            yield subject.problem(Code.PEM_KEY_TYPE, at, message)


# --- files -----------------------------------------------------------------------------------


def pem_files(subject: Subject) -> Iterator[Problem]:
    yield from _of_files(subject, warned=False)


def public_keys(subject: Subject) -> Iterator[Problem]:
    for path, settings in subject.settings.items():
        names: Iterable[str] = settings.backend_auth.public_keys if settings.backend_auth else ()
        for i, name in enumerate(names):
            found = subject.public_keys[name]
            if isinstance(found, Fault):
                at = (*path, "backend_auth", found.slot, i)
                yield subject.problem(found.code, at, found.message)


def warnings(subject: Subject) -> Iterator[Problem]:
    """Certificates that end soon, and keys in a state that nobody encrypts."""
    yield from _of_files(subject, warned=True)
    if subject.file.state is not None and not isinstance(subject.file.state, LocalChoice):
        return
    for path, pem in subject.pem_places():
        message = words(
            f"the private key in {show(pem.private_key)} will lie in Terraform's state, which is a "
            "file that nothing encrypts",
            cure="say state: {s3: …} or state: cloud, or keep the file from others",
        )
        yield subject.problem(Code.PEM_STATE, (*path, "private_key"), message)


def _of_files(subject: Subject, *, warned: bool) -> Iterator[Problem]:
    for path, pem in subject.pem_places():
        for fault in subject.pems[pem].faults:
            if (fault.code in _WARNINGS) == warned:
                yield subject.problem(fault.code, (*path, fault.slot), fault.message)
