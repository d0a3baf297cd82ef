"""What the balancers' data path is made of: what the emulator holds, and the machine's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.emulator.balancer import Balancer
from sandbox.emulator.firewall import NOTHING_PASSES, Firewall


@dataclass(frozen=True, slots=True)
class SshDoor:
    """A loopback port that leads to a server's sshd."""

    server: str
    port: int
    """On loopback."""
    address: str
    inner_port: int
    """With `address`, where sshd is in the VPC."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that the sandbox runs a server for."""

    server: str
    address: str
    groups: tuple[str, ...]
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Subnet:
    cidr: str
    zone: str


@dataclass(frozen=True, slots=True)
class World:
    """All that a data path is made of."""

    block: str
    doors: tuple[SshDoor, ...]
    balancers: tuple[Balancer, ...] = ()
    firewall: Firewall = NOTHING_PASSES
    instances: Mapping[str, Instance] = field(default_factory=dict)
    """By the instance's id."""
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    """By the subnet's id."""
    certificates: Mapping[str, Path] = field(default_factory=dict)
    """PEM file by ARN."""
    loopback: Mapping[str, str] = field(default_factory=dict)
    """Loopback address by the balancer's DNS name."""
