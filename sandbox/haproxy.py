"""The balancers' data path: HAProxy, set up from what the emulator holds.

Each balancer listens on its own loopback address with its certificate. Behind it, a connection to
a target starts in the VPC, from an address in one of the balancer's subnets, so that Apache sees
what it would see in AWS; and only if the security groups let it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import addresses
from sandbox.emulator.balancers import Balancer, Forward, HealthCheck, Listener, Redirect
from sandbox.emulator.firewall import NOTHING_PASSES, Firewall
from sandbox.emulator.policies import TlsVersions
from sandbox.errors import SandboxError
from sandbox.network import MACHINE
from sandbox.templating import render

SSH = "_ssh"
"""Name of the HAProxy that leads to the servers' sshd; no balancer's begins so."""

_HTTP = frozenset({"HTTP", "HTTPS"})
_ENCRYPTED = frozenset({"HTTPS", "SSL"})


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


@dataclass(frozen=True, slots=True)
class World:
    """All that a data path is made of."""

    block: str
    doors: tuple[SshDoor, ...]
    balancers: tuple[Balancer, ...] = ()
    firewall: Firewall = NOTHING_PASSES
    instances: Mapping[str, Instance] = field(default_factory=dict)
    """By the instance's id."""
    subnets: Mapping[str, str] = field(default_factory=dict)
    """CIDR by the subnet's id."""
    certificates: Mapping[str, Path] = field(default_factory=dict)
    """PEM file by ARN."""
    loopback: Mapping[str, str] = field(default_factory=dict)
    """Loopback address by the balancer's DNS name."""


@dataclass(frozen=True, slots=True)
class Server:
    """A way from a balancer's node in a subnet to a target."""

    name: str
    address: str
    port: int
    source: str


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


@dataclass(frozen=True, slots=True)
class Front:
    """A listener in HAProxy's words."""

    name: str
    address: str
    port: int
    is_http: bool
    idle_timeout: int
    tls: TlsVersions | None
    alpn: str
    certificate: Path | None
    location: str | None
    status: int | None
    encrypts: bool
    check: Check | None
    servers: tuple[Server, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    text: str
    """`@socket@` stands for HAProxy's own socket."""
    serial: str
    """Tells it from every other one."""


def configure(world: World) -> dict[str, Configuration]:
    """Return HAProxy's configurations for the world as it is: by balancer, and for sshd."""
    found = {
        balancer.name: _configuration(fronts=fronts)
        for balancer in world.balancers
        if (fronts := list(_fronts(world, balancer)))
    }
    control = addresses.control(world.block)
    return {SSH: _configuration(control=control, doors=world.doors), **found}


def _configuration(**parts: object) -> Configuration:
    def text(serial: str) -> str:
        return render("haproxy.cfg", machine=MACHINE, serial=serial, **parts)

    serial = hashlib.sha256(text("none").encode()).hexdigest()[:16]
    return Configuration(text(serial), serial)


def node_addresses(world: World) -> set[str]:
    """Return the balancers' own addresses in their subnets, from which targets are reached."""
    return {
        addresses.in_subnet(world.subnets[subnet], balancer.dns_name)
        for balancer in world.balancers
        for subnet in balancer.subnets
    }


def _fronts(world: World, balancer: Balancer) -> Iterator[Front]:
    for listener in balancer.listeners:
        if not world.firewall.opens(balancer.groups, listener.port):
            continue
        action = listener.action
        forward = action if isinstance(action, Forward) else None
        redirect = action if isinstance(action, Redirect) else None
        yield Front(
            name=f"{balancer.name}-{listener.port}",
            address=world.loopback[balancer.dns_name],
            port=listener.port,
            is_http=listener.protocol in _HTTP,
            idle_timeout=balancer.idle_timeout,
            tls=listener.tls,
            alpn="h2,http/1.1" if listener.http2 else "http/1.1",
            certificate=_certificate(world, balancer, listener),
            location=_location(redirect, listener) if redirect else None,
            status=redirect.status if redirect else None,
            encrypts=forward is not None and forward.protocol in _ENCRYPTED,
            check=_check(forward.check) if forward else None,
            servers=tuple(_servers(world, balancer, forward)) if forward else (),
        )


def _certificate(world: World, balancer: Balancer, listener: Listener) -> Path | None:
    if listener.tls is None:
        return None
    try:
        return world.certificates[listener.certificate or ""]
    except KeyError as error:
        raise SandboxError(
            f"balancer {balancer.name}: no issued certificate has the ARN {listener.certificate!r}"
        ) from error


def _servers(world: World, balancer: Balancer, forward: Forward) -> Iterator[Server]:
    for target in forward.targets:
        instance = world.instances.get(target.instance)
        if instance is None:
            continue
        for subnet in balancer.subnets:
            source = addresses.in_subnet(world.subnets[subnet], balancer.dns_name)
            if world.firewall.passes(
                (source, balancer.groups), (instance.address, instance.groups), target.port
            ):
                yield Server(
                    name=f"{instance.server}-{subnet}",
                    address=instance.address,
                    port=target.port,
                    source=source,
                )


def _check(check: HealthCheck) -> Check:
    return Check(
        path=check.path if check.protocol in _HTTP else None,
        statuses=check.statuses,
        port=check.port,
        encrypts=check.protocol in _ENCRYPTED,
        interval=check.interval,
        timeout=check.timeout,
        healthy=check.healthy,
        unhealthy=check.unhealthy,
    )


def _location(redirect: Redirect, listener: Listener) -> str:
    """Write AWS's redirect in HAProxy's words.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
    """
    words = {
        "#{protocol}": listener.protocol.lower(),
        "#{host}": "%[req.hdr(host),field(1,:)]",
        "#{port}": str(listener.port),
        "#{path}": "%[path,regsub(^/,)]",
        "#{query}": "%[query]",
    }
    if (redirect.path, redirect.query) == ("/#{path}", "#{query}"):
        rest = "%[pathq]"
    else:
        rest = redirect.path + (f"?{redirect.query}" if redirect.query else "")
    location = f"{redirect.protocol.lower()}://{redirect.host}:{redirect.port}{rest}"
    for word, expression in words.items():
        location = location.replace(word, expression)
    return location
