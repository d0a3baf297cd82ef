"""How a balancer reaches its targets, in HAProxy's words."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox import addresses
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.listeners import Forward, HealthCheck, Target
from sandbox.errors import SandboxError
from sandbox.network import CLIENT
from sandbox.vpc import Instance, World

HTTP = frozenset({"HTTP", "HTTPS"})
ENCRYPTED = frozenset({"HTTPS", "SSL", "TLS"})

Address = tuple[str, int]

Presented = Mapping[Address, bytes]
"""Certificates in PEM by the address and port that present them."""


@dataclass(frozen=True, slots=True)
class Server:
    """A way from a balancer's node in a subnet to a target."""

    name: str
    address: str
    port: int
    source: str
    """Of requests."""
    node: str
    """Source of health checks."""
    cookie: str
    """The same for all ways to a target."""
    certificate: bytes | None
    """PEM of the only one that it may present; None: any."""


@dataclass(frozen=True, slots=True)
class Check:
    """A health check in HAProxy's words."""

    path: str | None
    statuses: str
    port: int | None
    encrypts: bool
    interval: int
    timeout: int
    healthy: int
    unhealthy: int


def servers(
    world: World, balancer: Balancer, forward: Forward, presented: Presented
) -> Iterator[Server]:
    """Find all ways that the security groups let through, and that lead to an accepted key."""
    for target in forward.targets:
        instance = world.instances.get(target.instance)
        if instance is None:
            continue
        certificate = None
        if forward.public_keys:
            certificate = _accepted(forward, presented.get((instance.address, target.port)))
            if certificate is None:
                continue
        for subnet in _subnets(world, balancer, instance):
            node = node_address(world, balancer, subnet)
            if _passes(world, balancer, forward, target, instance, node):
                yield Server(
                    name=f"{instance.server}-{subnet}",
                    address=instance.address,
                    port=target.port,
                    source=CLIENT if forward.client_kept else node,
                    node=node,
                    cookie=instance.server,
                    certificate=certificate,
                )


def pinned(world: World) -> set[Address]:
    """Return where targets are of which balancers accept certain keys alone."""
    return {
        (world.instances[target.instance].address, target.port)
        for balancer in world.balancers
        for listener in balancer.listeners
        if isinstance(listener.action, Forward) and listener.action.public_keys
        for target in listener.action.targets
        if target.instance in world.instances
    }


def node_address(world: World, balancer: Balancer, subnet: str) -> str:
    """Return the address that a balancer has in a subnet, from which targets are reached."""
    return addresses.in_subnet(world.subnets[subnet].cidr, balancer.dns_name)


def check(found: HealthCheck) -> Check:
    return Check(
        path=found.path if found.protocol in HTTP else None,
        statuses=found.statuses,
        port=found.port,
        encrypts=found.protocol in ENCRYPTED,
        interval=found.interval,
        timeout=found.timeout,
        healthy=found.healthy,
        unhealthy=found.unhealthy,
    )


def _subnets(world: World, balancer: Balancer, instance: Instance) -> tuple[str, ...]:
    """Return the subnets whose nodes send to an instance.

    Without cross-zone balancing those of its zone. The fleet file tells no zones, so that the
    sandbox's are made up: an instance in none of the balancer's is reached from all.
    """
    near = tuple(name for name in balancer.subnets if world.subnets[name].zone == instance.zone)
    return balancer.subnets if balancer.cross_zone else near or balancer.subnets


def _passes(  # noqa: PLR0913, PLR0917 - a way has two ends
    world: World,
    balancer: Balancer,
    forward: Forward,
    target: Target,
    instance: Instance,
    node: str,
) -> bool:
    """Whether requests and health checks get through.

    Those that come from a client's address are the balancer's to security groups all the same:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
    """
    inside = (instance.address, instance.groups)
    requests = (CLIENT if forward.client_kept else node, balancer.groups)
    checked = forward.check.port or target.port
    return world.firewall.passes(requests, inside, target.port) and world.firewall.passes(
        (node, balancer.groups), inside, checked
    )


def _accepted(forward: Forward, presented: bytes | None) -> bytes | None:
    """Return the certificate if its key is one of those that the balancer accepts.

    :raises SandboxError: it is, but the certificate is an authority's.
    """
    if presented is None:
        return None
    certificate = x509.load_pem_x509_certificate(presented)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if base64.b64encode(key).decode() not in forward.public_keys:
        return None
    if certificate.issuer != certificate.subject:
        # HAProxy would have to trust the issuer, and with it every key that the issuer signs.
        raise SandboxError(
            f"a server presents a certificate that {certificate.issuer.rfc4514_string()} signed:"
            " the sandbox's balancers can pin the key of a self-signed one alone"
        )
    return presented
