"""What a balancer listens for and what it does then, in the words of its data path."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.emulator.policies import TlsPolicy


@dataclass(frozen=True, slots=True)
class Target:
    """A port of an instance."""

    instance: str
    port: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a balancer finds out whether a target can be used; times in seconds."""

    protocol: str
    """HTTPS, HTTP, SSL or TCP."""
    path: str | None
    port: int | None
    """None: the target's own."""
    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    statuses: str
    """As HAProxy writes them: `200-399,401`."""


@dataclass(frozen=True, slots=True)
class Stickiness:
    """A client stays with its target, by a cookie of the balancer's or by its address."""

    cookie: str | None
    """None: by its address."""
    seconds: int | None
    """None: as long as the cookie lives."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Sends requests to targets over `protocol`, HTTPS or HTTP, or bytes over TCP, SSL or TLS."""

    protocol: str
    targets: tuple[Target, ...]
    check: HealthCheck
    stickiness: Stickiness | None = None
    client_kept: bool = False
    """Whether targets see the client's address as the source of the connection."""
    proxy_protocol: bool = False
    """Whether a header of PROXY protocol 2 comes first, in health checks too."""
    public_keys: tuple[str, ...] = ()
    """Base64 of DER: those that a target may have; empty: any."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answers by itself; the parts are AWS's, with `#{host}` and its like."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    status: int


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """Answers by itself, always the same."""

    status: int
    content_type: str
    body: str


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to requests for some hosts."""

    priority: int
    """The lowest one that matches counts."""
    hosts: tuple[str, ...]
    """`*` stands for any characters, `?` for any one."""
    action: Action


@dataclass(frozen=True, slots=True)
class Listener:
    port: int
    protocol: str
    """HTTPS, HTTP, SSL, TLS or TCP."""
    certificates: tuple[str, ...]
    """ARNs; the first is what a client gets that names no host, or one of no certificate's."""
    tls: TlsPolicy | None
    http2: bool
    action: Action
    rules: tuple[Rule, ...] = ()
