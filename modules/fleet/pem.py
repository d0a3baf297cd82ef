"""What PEM files of certificates hold, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PemFacts:
    """A certificate that has been checked with its key and chain."""

    fingerprint: str
    """SHA-256 of the certificate's DER, in lower-case hex."""
    names: tuple[str, ...]
    not_after: dt.datetime
    key_type: str
    """In ACM's words: RSA_2048, EC_prime256v1…"""
