"""Mozilla's server-side TLS levels as data: what each means to a balancer and to httpd.

Sources, read in November 2026:
https://ssl-config.mozilla.org/guidelines/5.7.json
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-security-policy-table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from modules.plan.records import BalancerKind, TlsLevel

GUIDELINE = "5.7"
"""Mozilla's version of the guideline that the tables below follow."""


@dataclass(frozen=True, slots=True)
class HttpdTls:
    """Arguments of httpd's TLS directives."""

    protocols: str
    """SSLProtocol."""
    ciphers: str
    """SSLCipherSuite for TLS 1.2, in OpenSSL's names."""
    curves: str
    """SSLOpenSSLConfCmd Curves."""


_INTERMEDIATE = HttpdTls(
    protocols="-all +TLSv1.2 +TLSv1.3",
    ciphers=(
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
        "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
    ),
    curves="X25519:prime256v1:secp384r1",
)

_BALANCER: Mapping[TlsLevel, Mapping[BalancerKind, str]] = {
    TlsLevel.INTERMEDIATE: {
        # No CBC suites: the strictest policy with TLS 1.2 and without post-quantum groups.
        BalancerKind.APPLICATION: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        # The newest that AWS has for classic; it adds CBC and RSA key exchange to Mozilla's list.
        BalancerKind.CLASSIC: "ELBSecurityPolicy-TLS-1-2-2017-01",
        BalancerKind.NETWORK: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        BalancerKind.SHARED: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    },
    TlsLevel.MODERN: {
        BalancerKind.APPLICATION: "ELBSecurityPolicy-TLS13-1-3-2021-06",
        BalancerKind.NETWORK: "ELBSecurityPolicy-TLS13-1-3-2021-06",
        BalancerKind.SHARED: "ELBSecurityPolicy-TLS13-1-3-2021-06",
    },
    TlsLevel.OLD: {
        # TLS 1.0 and up, CBC and RSA key exchange; without Mozilla's 3DES.
        BalancerKind.APPLICATION: "ELBSecurityPolicy-TLS13-1-0-2021-06",
        BalancerKind.CLASSIC: "ELBSecurityPolicy-2016-08",
        BalancerKind.NETWORK: "ELBSecurityPolicy-TLS13-1-0-2021-06",
        BalancerKind.SHARED: "ELBSecurityPolicy-TLS13-1-0-2021-06",
    },
}

_BEYOND: Mapping[str, frozenset[str]] = {
    "ELBSecurityPolicy-TLS-1-2-2017-01": frozenset(
        {
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_RSA_WITH_AES_256_CBC_SHA256",
        }
    ),
}

_HTTPD: Mapping[TlsLevel, HttpdTls] = {
    TlsLevel.INTERMEDIATE: _INTERMEDIATE,
    # Balancers' HTTPS health checks fail against targets with TLS 1.3 alone:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
    # so that the level holds between client and balancer, and TLS 1.2 stays open behind it.
    TlsLevel.MODERN: _INTERMEDIATE,
    # The old clients end at the balancer, which speaks TLS 1.2 to Apache.
    TlsLevel.OLD: _INTERMEDIATE,
}


def balancer_policies(level: TlsLevel) -> Mapping[BalancerKind, str]:
    """Return AWS's predefined security policy by kind of balancer.

    A kind that is missing can't do the level: a classic load balancer has no TLS 1.3, which is all
    that `modern` allows.
    """
    return MappingProxyType(dict(_BALANCER[level]))


def beyond_guideline(policy: str) -> frozenset[str]:
    """Return the cipher suites, in IANA's names, that a policy adds to Mozilla's list of its level.

    Of the policies above one alone does: there is no stricter one for a classic balancer.
    """
    return _BEYOND.get(policy, frozenset())


def httpd_tls(level: TlsLevel) -> HttpdTls:
    """Return what httpd offers to the balancer of a site with this level."""
    return _HTTPD[level]
