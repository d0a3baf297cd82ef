"""AWS's predefined security policies: the TLS versions that each takes.

Sources, read November 2026:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-security-policy-table.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.errors import SandboxError


@dataclass(frozen=True, slots=True)
class TlsVersions:
    """Lowest and highest version, in HAProxy's words."""

    lowest: str
    highest: str

    @property
    def old(self) -> bool:
        """Whether today's OpenSSL takes the lowest version only when told to lower its guard."""
        return self.lowest in {"TLSv1.0", "TLSv1.1"}


_NAMED = {
    "ELBSecurityPolicy-2016-08": TlsVersions("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-2015-05": TlsVersions("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-2014-01": TlsVersions("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-FS-2018-06": TlsVersions("TLSv1.0", "TLSv1.2"),
}

_FAMILY = re.compile(
    r"ELBSecurityPolicy-(?P<highest>TLS13|TLS|FS)(?:-(?P<lowest>1-[0-3]))(?:-[A-Za-z0-9-]+)?-20\d\d-\d\d"
)
"""Such as `ELBSecurityPolicy-TLS13-1-2-2021-06` or `ELBSecurityPolicy-FS-1-2-Res-2020-10`."""


def versions_of(policy: str) -> TlsVersions:
    """Return the versions that a predefined policy takes.

    :raises SandboxError: AWS has no such policy, or a newer one.
    """
    if policy in _NAMED:
        return _NAMED[policy]
    match = _FAMILY.fullmatch(policy)
    if match is None:
        known = ", ".join(sorted(_NAMED))
        raise SandboxError(
            f"security policy {policy!r} is none that the sandbox knows: {known},"
            " ELBSecurityPolicy-TLS13-…, -TLS-… and -FS-…"
        )
    highest = "TLSv1.3" if match["highest"] == "TLS13" else "TLSv1.2"
    return TlsVersions(f"TLSv{match['lowest'].replace('-', '.')}", highest)
