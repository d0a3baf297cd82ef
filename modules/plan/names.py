"""Terraform addresses and AWS names, derived from the domain, and a digest of what is on it.

An address is an external contract: change it and Terraform replaces the resource. So it holds no
position, and two domains never share one.
"""

from __future__ import annotations

import hashlib
import re

LOAD_BALANCER_NAME_LIMIT = 32
"""Characters; load balancers and target groups alike.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

CERTIFICATE_NAME_LIMIT = 128
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadServerCertificate.html"""

_DIGEST = 3
"""Bytes; BLAKE2 gives a digest of any size: https://www.rfc-editor.org/rfc/rfc7693."""


def address(name: str, *parts: str) -> str:
    """Return the Terraform resource name of a domain or server, and of what belongs to it.

    A name never holds an underscore, so `.` → `_` and the joining `__` keep different names apart.
    Terraform's identifiers don't start with a digit.
    """
    identifier = "__".join((name.replace(".", "_"), *parts))
    return f"_{identifier}" if identifier[0].isdigit() else identifier


def aws_name(fleet: str, subject: str, *identity: str) -> str:
    """Return `<fleet>-<readable part of subject>-<digest>`, within AWS's limit.

    The digest covers the subject and `identity`: what can't change without a new resource, so that
    a replacement made before its predecessor is gone has another name.
    """
    return _name(LOAD_BALANCER_NAME_LIMIT, fleet, subject, *identity)


def generation(name: str) -> str:
    """Return the part of an AWS name that changes when its resource is made anew.

    It is part of the addresses too, of the resource and of all that is on it: so that a change that
    an apply left half made can be taken back. With one address for both, the predecessor would be
    a deposed object, and in the way of another one of its name for ever.
    """
    return name.rpartition("-")[2]


def certificate_generation(name: str) -> tuple[str, ...]:
    """Return the parts of an IAM server certificate's name that do, as `generation`."""
    return tuple(name.split("-")[-2:])


def digest(*identity: str) -> str:
    """Return a digest of what can't change without a new resource."""
    identified = "\0".join(identity).encode()
    return hashlib.blake2s(identified, digest_size=_DIGEST).hexdigest()


def certificate_name(fleet: str, subject: str, fingerprint: str, *identity: str) -> str:
    """Return the name of an IAM server certificate, as `aws_name`, and its fingerprint."""
    room = CERTIFICATE_NAME_LIMIT - len(fingerprint) - 1
    return f"{_name(room, fleet, subject, *identity)}-{fingerprint}"


def _name(limit: int, fleet: str, subject: str, *identity: str) -> str:
    identified = digest(subject, *identity)
    room = limit - len(fleet) - len(identified) - 2
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower())[:room].strip("-")
    return "-".join(part for part in (fleet, slug, identified) if part)
