"""The load balancers that the emulator holds, of both generations."""

from __future__ import annotations

from sandbox.emulator import elb, elbv2
from sandbox.emulator.api import Api
from sandbox.emulator.balancer import Balancer

__all__ = ["Balancer", "read"]


def read(api: Api) -> tuple[Balancer, ...]:
    """Return all balancers, by name."""
    return tuple(sorted((*elbv2.read(api), *elb.read(api)), key=lambda balancer: balancer.name))
