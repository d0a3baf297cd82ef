"""What balancers and TLS can be."""

from __future__ import annotations

from enum import StrEnum

HEALTH_PATH = "/.well-known/portico/health"
"""Answered with 200 by every TLS virtual host; its `Portico-Release` header names the release."""

NETWORK_IDLE_TIMEOUT = 350
"""Seconds, fixed for a TLS listener of a network balancer:
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html"""


class BalancerKind(StrEnum):
    """The kinds of load balancer that a site can have."""

    APPLICATION = "application"
    CLASSIC = "classic"
    NETWORK = "network"
    SHARED = "shared"
    """An application balancer of many sites, told apart by SNI and host."""


class TlsLevel(StrEnum):
    """Mozilla's server-side TLS levels; see `modules.plan.tls` for what each maps to."""

    MODERN = "modern"
    INTERMEDIATE = "intermediate"
    OLD = "old"
