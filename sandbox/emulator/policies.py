"""AWS's predefined security policies: the TLS versions and cipher suites that each takes.

Sources, read November 2026:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-security-policy-table.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.errors import SandboxError

_STRICT = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
)
_CBC = (
    f"{_STRICT}:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"
)
_RSA = f"{_CBC}:AES128-GCM-SHA256:AES128-SHA256:AES256-GCM-SHA384:AES256-SHA256"
_CBC_SHA1 = (
    f"{_CBC}:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
)
ALL = (
    f"{_CBC_SHA1}:AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:"
    "AES256-GCM-SHA384:AES256-SHA256:AES256-SHA"
)
"""What those policies take that take everything that AWS still has."""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What a policy takes, in HAProxy's words."""

    lowest: str
    """The versions, as in `TLSv1.2`."""
    highest: str
    ciphers: str = ALL
    """Cipher suites below TLS 1.3, whose own are the same three in every policy."""

    @property
    def old(self) -> bool:
        """Whether today's OpenSSL takes the lowest version only when told to lower its guard."""
        return self.lowest in {"TLSv1.0", "TLSv1.1"}


_CIPHERS = {
    ("TLS13", "1-3", None): _STRICT,
    ("TLS13", "1-2", "Res"): _STRICT,
    ("TLS13", "1-2", None): _CBC,
    ("TLS13", "1-2", "Ext1"): _RSA,
    ("TLS", "1-2", None): _RSA,
    ("FS", "1-2", "Res"): _STRICT,
    ("FS", "1-2", None): _CBC_SHA1,
    ("FS", "1-1", None): _CBC_SHA1,
}
"""By family, lowest version and variant; all others take all."""

_NAMED = {
    "ELBSecurityPolicy-2016-08": TlsPolicy("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-2015-05": TlsPolicy("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-2014-01": TlsPolicy("TLSv1.0", "TLSv1.2"),
    "ELBSecurityPolicy-FS-2018-06": TlsPolicy("TLSv1.0", "TLSv1.2", _CBC_SHA1),
}

_FAMILY = re.compile(
    r"ELBSecurityPolicy-(?P<family>TLS13|TLS|FS)-(?P<lowest>1-[0-3])"
    r"(?:-(?P<variant>Res|Ext[12]?))?-20\d\d-\d\d"
)
"""Such as `ELBSecurityPolicy-TLS13-1-2-2021-06` or `ELBSecurityPolicy-FS-1-2-Res-2020-10`."""


def policy_named(name: str) -> TlsPolicy:
    """Return what a predefined policy takes.

    :raises SandboxError: AWS has no such policy, or a newer one.
    """
    if name in _NAMED:
        return _NAMED[name]
    match = _FAMILY.fullmatch(name)
    if match is None:
        known = ", ".join(sorted(_NAMED))
        raise SandboxError(
            f"security policy {name!r} is none that the sandbox knows: {known},"
            " and those of a date, as ELBSecurityPolicy-TLS13-1-2-Res-2021-06, -TLS-1-2-2017-01 or"
            " -FS-1-2-2019-08"
        )
    family, lowest, variant = match["family"], match["lowest"], match["variant"]
    return TlsPolicy(
        lowest=f"TLSv{lowest.replace('-', '.')}",
        highest="TLSv1.3" if family == "TLS13" else "TLSv1.2",
        ciphers=_CIPHERS.get((family, lowest, variant), ALL),
    )
