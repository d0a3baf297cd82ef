"""What each kind of balancer can and cannot do: the one table of it.

The checks of the fleet file refuse by it, and `docs/capabilities.md` shows it, with the test that
proves each row (`tests/capabilities.toml`). Sources were read in November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from modules.fleet.problems import Code
from modules.fleet.site_sections import Alarms, HealthCheck, LoadBalancer, SiteSettings

_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest"

KINDS: tuple[LoadBalancer, ...] = get_args(LoadBalancer)

LEAST_SUBNETS: Mapping[LoadBalancer, int] = {
    "application": 2,
    "classic": 1,
    "network": 1,
    "shared": 2,
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""


@dataclass(frozen=True, slots=True)
class Capability:
    """One row: what can be asked of a balancer."""

    id: str
    """Stable; `tests/capabilities.toml` names the row's tests by it."""
    what: str
    source: str
    """The page of AWS's that says so."""
    cannot: Mapping[LoadBalancer, str] = field(default_factory=dict)
    """The kinds that can't, each with the words after `a … balancer`."""
    detail: Mapping[LoadBalancer, str] = field(default_factory=dict)
    """What a kind that can has to be said of."""
    setting: str = ""
    """The key of a site, from its top, that asks for it: `health_check.matcher`."""
    value: str = ""
    """The value that asks for it, where it is not just any but the default."""
    asked: Callable[[SiteSettings], bool] = lambda _: False
    """Whether a site's settings ask for it; a default asks for nothing."""
    code: Code = Code.BALANCER_CANNOT

    @property
    def path(self) -> tuple[str, ...]:
        """`setting` in its parts."""
        return tuple(self.setting.split("."))


def _said(key: str) -> Callable[[SiteSettings], bool]:
    default = getattr(SiteSettings(), key)
    return lambda site: bool(getattr(site, key) != default)


_FORWARDED = "tells the client's address in X-Forwarded-For alone"
_UNCHECKED = "does not check whose certificate the server has"
_BY_APACHE = "does not redirect: Apache's port 80 does"
_NO_WAF = "takes no web ACL"
_ALL_ZONES = "always sends to all zones"

CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        "without-sni",
        "The right certificate for clients without SNI",
        f"{_ELB}/application/https-listener-certificates.html",
        cannot={"shared": "has one site's certificate for all clients without SNI"},
    ),
    Capability(
        "sni",
        "Many certificates on one balancer, by SNI",
        f"{_ELB}/application/https-listener-certificates.html",
        cannot={"classic": "holds one certificate a listener"},
        detail={"application": "yes: as `shared`", "network": "yes; Portico gives it one"},
    ),
    Capability(
        "ipv6",
        "IPv6 of clients",
        f"{_ELB}/classic/elb-internet-facing-load-balancers.html",
        cannot={"classic": "has no IPv6 in a VPC"},
        detail={"network": "yes; Apache sees the balancer's address, or is told by `proxied`"},
        setting="ipv6",
        asked=_said("ipv6"),
    ),
    Capability(
        "tls-modern",
        "TLS 1.3",
        f"{_ELB}/classic/elb-security-policy-table.html",
        cannot={"classic": "has no TLS 1.3, which is all that modern allows"},
        setting="tls",
        value="modern",
        asked=lambda site: site.tls == "modern",
    ),
    Capability(
        "tls-old",
        "TLS 1.0 and 1.1",
        f"{_ELB}/application/describe-ssl-policies.html",
        setting="tls",
        value="old",
    ),
    Capability(
        "ec-acm",
        "EC keys of ACM's certificates",
        f"{_ELB}/classic/ssl-server-cert.html",
        cannot={"classic": "takes no EC key from ACM"},
        setting="certificate",
        code=Code.PEM_KEY_TYPE,
    ),
    Capability(
        "ec-iam",
        "EC keys of IAM's certificates",
        f"{_ELB}/network/tls-listener-certificates.html",
        setting="certificate",
    ),
    Capability(
        "waf",
        "AWS WAF",
        "https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html",
        cannot={"classic": _NO_WAF, "network": _NO_WAF},
        setting="waf",
        asked=_said("waf"),
    ),
    Capability(
        "backend-auth",
        "Authentication of Apache by its public key",
        f"{_ELB}/classic/elb-create-https-ssl-load-balancer.html",
        cannot={"application": _UNCHECKED, "network": _UNCHECKED, "shared": _UNCHECKED},
        setting="backend_auth",
        asked=_said("backend_auth"),
        code=Code.BACKEND_AUTH,
    ),
    Capability(
        "redirect",
        "Redirect of port 80 at the edge",
        f"{_ELB}/application/load-balancer-listeners.html",
        cannot={"classic": _BY_APACHE, "network": _BY_APACHE},
    ),
    Capability(
        "http2",
        "HTTP/2 to the client",
        f"{_ELB}/application/load-balancer-listeners.html",
        cannot={
            "classic": "speaks HTTP/1.1 alone",
            "network": "ends TLS alone, and Portico gives it no ALPN policy",
        },
    ),
    Capability(
        "stickiness",
        "Stickiness",
        f"{_ELB}/network/edit-target-group-attributes.html",
        cannot={"network": "has no stickiness where it ends TLS"},
        setting="stickiness",
        asked=_said("stickiness"),
    ),
    Capability(
        "idle-timeout",
        "Idle timeout to choose",
        f"{_ELB}/network/network-load-balancers.html",
        cannot={"network": "closes idle connections over TLS after 350 s, always"},
        setting="idle_timeout",
        asked=_said("idle_timeout"),
    ),
    Capability(
        "access-logs",
        "Access logs in S3",
        f"{_ELB}/network/load-balancer-access-logs.html",
        detail={"network": "yes, of TLS"},
        setting="access_logs",
        value="true",
    ),
    Capability(
        "deletion-protection",
        "Deletion protection",
        f"{_ELB}/APIReference/API_LoadBalancerAttribute.html",
        cannot={"classic": "has no deletion protection"},
        setting="deletion_protection",
        value="true",
        asked=_said("deletion_protection"),
    ),
    # A kind that drops nothing does what `false` asks, and no kind is asked by a default.
    Capability(
        "drop-invalid-headers",
        "Dropping of invalid headers",
        f"{_ELB}/application/edit-load-balancer-attributes.html",
        cannot={
            "classic": "passes all headers on",
            "network": "reads no headers",
        },
        setting="drop_invalid_headers",
    ),
    Capability(
        "desync-mitigation",
        "Desync mitigation to choose",
        f"{_ELB}/classic/config-desync-mitigation-mode.html",
        cannot={"network": "reads no HTTP, and mitigates nothing in it"},
        setting="desync_mitigation",
        asked=_said("desync_mitigation"),
    ),
    Capability(
        "client-address-kept",
        "The client's address as the connection's source",
        f"{_ELB}/network/edit-target-group-attributes.html",
        cannot={"application": _FORWARDED, "classic": _FORWARDED, "shared": _FORWARDED},
        detail={"network": "yes, of IPv4"},
        setting="client_address",
        value="kept",
    ),
    Capability(
        "client-address-proxied",
        "The client's address by PROXY protocol",
        f"{_ELB}/network/edit-target-group-attributes.html",
        cannot={"application": _FORWARDED, "classic": _FORWARDED, "shared": _FORWARDED},
        setting="client_address",
        value="proxied",
        asked=_said("client_address"),
    ),
    Capability(
        "health-check-matcher",
        "Statuses of the health check to choose",
        f"{_ELB}/classic/elb-healthchecks.html",
        cannot={"classic": "takes 200 alone as healthy"},
        setting="health_check.matcher",
        asked=lambda site: site.health_check.matcher != HealthCheck().matcher,
        code=Code.HEALTH_CHECK,
    ),
    Capability(
        "own-ranges",
        "Client ranges of its own",
        f"{_ELB}/network/load-balancer-security-groups.html",
        detail={"shared": "those of `defaults`"},
        setting="allow",
    ),
    Capability(
        "internal",
        "Private addresses alone",
        f"{_ELB}/userguide/how-elastic-load-balancing-works.html",
        detail={"shared": "as `defaults` say"},
        setting="internal",
        value="true",
    ),
    Capability(
        "cross-zone",
        "Staying in the client's zone",
        f"{_ELB}/APIReference/API_LoadBalancerAttribute.html",
        cannot={"application": _ALL_ZONES, "shared": _ALL_ZONES},
        setting="cross_zone",
        value="false",
        asked=_said("cross_zone"),
    ),
    Capability(
        "server-errors",
        "Alarm of answers 5xx",
        f"{_ELB}/network/load-balancer-cloudwatch-metrics.html",
        cannot={"network": "counts no HTTP statuses"},
        setting="alarms.server_errors",
        asked=lambda site: (
            site.alarms is not None
            and site.alarms.server_errors != Alarms.model_fields["server_errors"].default
        ),
    ),
    Capability(
        "gradual-move",
        "Gradual move to it, and from it",
        "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html",
        setting="successor",
    ),
)

PRICES: Mapping[LoadBalancer, str] = {
    "application": "$23.73",
    "classic": "$25.55",
    "network": "$23.73",
    "shared": "$23.73 for all its sites",
}
"""A month, idle, in two zones of us-east-1, public IPv4 addresses included, November 2026:
https://aws.amazon.com/elasticloadbalancing/pricing/"""


def can(kind: LoadBalancer, capability: str) -> bool:
    """Whether balancers of `kind` have the capability of that id."""
    row = next(row for row in CAPABILITIES if row.id == capability)
    return kind not in row.cannot
