"""Certificates of listeners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestedCertificate:
    """Requested from ACM."""

    key: str
    """What its addresses start with: a site's domain, or its name in `certificates`."""
    generation: tuple[str, ...]
    """What they end in, which changes with all that can't change in place."""
    names: tuple[str, ...]
    """The first becomes the common name; wildcards (`*.a.com`) among them."""
    validated: tuple[str, ...]
    """`name` of each `ValidationRecord` that it waits for; empty with manual validation."""
    key_algorithm: str | None
    """None: ACM's default, RSA_2048."""
    manual: bool
    wait: bool
    """With `manual`: whether an apply waits until it is issued."""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UploadedCertificate:
    """The team's own, from PEM files."""

    key: str
    generation: tuple[str, ...]
    """As of a requested one."""
    service: str
    """`acm` or `iam`."""
    name: str
    """In IAM; changes with the certificate and its chain, which IAM can't exchange in place."""
    names: tuple[str, ...]
    fingerprint: str
    """The first 12 hex digits of the SHA-256 of the certificate's DER."""
    certificate: str
    """With the two below: a file as written: `~/…`, absolute, or relative to the fleet file's."""
    private_key: str
    chain: str | None
    """None: what stands below the certificate in its own file."""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExistingCertificate:
    """Named by its ARN: ACM's, or IAM's server certificate."""

    arn: str


Certificate = RequestedCertificate | UploadedCertificate | ExistingCertificate
