"""A load balancer of either generation."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.emulator.listeners import Listener


@dataclass(frozen=True, slots=True)
class Balancer:
    name: str
    dns_name: str
    ipv6: bool
    subnets: tuple[str, ...]
    groups: tuple[str, ...] | None
    """None: a network balancer that was made without security groups, and is open to everybody."""
    idle_timeout: int
    """Seconds."""
    listeners: tuple[Listener, ...]
    cross_zone: bool = True
    """Whether each of its nodes reaches the targets of all zones."""
