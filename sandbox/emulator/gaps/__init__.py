"""The few places where moto does less than a fleet needs of AWS, filled in.

A module a service. Each `fill` says what moto does instead; nothing else of moto is changed.
"""

from __future__ import annotations

from sandbox.authority import Authority
from sandbox.emulator.gaps import acm, ec2, elb, elbv2, iam, route53
from sandbox.emulator.gaps.acm import chain_of, proved_elsewhere

__all__ = ["chain_of", "fill", "proved_elsewhere"]


def fill(authority: Authority) -> None:
    """Change moto in this process."""
    acm.fill(authority)
    ec2.fill()
    elb.fill()
    elbv2.fill()
    iam.fill()
    route53.fill()
