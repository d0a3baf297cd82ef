"""The balancers' data path: HAProxy, set up from what the emulator holds.

Each balancer listens on its own loopback address with its certificates. Behind it, a connection to
a target starts in the VPC, from an address in one of the balancer's subnets or from the client's,
so that Apache sees what it would see in AWS; and only if the security groups let it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sandbox import addresses, targets
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.listeners import Action, FixedResponse, Forward, Listener, Redirect, Rule
from sandbox.emulator.policies import TlsPolicy
from sandbox.errors import SandboxError
from sandbox.network import CLIENT, MACHINE
from sandbox.targets import ENCRYPTED, HTTP, Check, Presented, Server
from sandbox.templating import render
from sandbox.vpc import World

SSH = "_ssh"
"""Name of the HAProxy that leads to the servers' sshd; no balancer's begins so."""

FILES = frozenset({".body", ".list", ".pem"})
"""Suffixes of what configurations read beside themselves."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests for some hosts go."""

    name: str
    hosts: tuple[str, ...]
    patterns: tuple[str, ...]
    """Regular expressions of more hosts."""
    backend: str


@dataclass(frozen=True, slots=True)
class Backend:
    """An action in HAProxy's words: one of location, response and servers."""

    name: str
    location: str | None = None
    status: int | None = None
    content_type: str | None = None
    body: str | None = None
    """Name of a file."""
    encrypts: bool = False
    proxy_protocol: bool = False
    cookie: str | None = None
    seconds: int | None = None
    by_address: bool = False
    check: Check | None = None
    servers: tuple[Server, ...] = ()
    trusted: Mapping[bytes, str] = field(default_factory=dict)
    """Files by the certificate in them."""

    @property
    def checked_apart(self) -> bool:
        """Whether health checks have another source than requests."""
        return any(server.source != server.node for server in self.servers)


@dataclass(frozen=True, slots=True)
class Front:
    """A listener in HAProxy's words."""

    name: str
    address: str
    port: int
    is_http: bool
    idle_timeout: int
    tls: TlsPolicy | None
    alpn: str | None
    certificates: str | None
    """Name of a file that lists them."""
    client: str | None
    """Whom targets take every client for."""
    routes: tuple[Route, ...]
    backends: tuple[Backend, ...]
    """The last one takes what no route does."""


@dataclass(frozen=True, slots=True)
class Configuration:
    text: str
    """`@socket@` stands for HAProxy's own socket, `@states@` for a file of its servers' states."""
    serial: str
    """Tells it from every other one."""
    files: Mapping[str, bytes]
    """What it reads from its own folder, by names that no other content has."""


def configure(world: World, presented: Presented) -> dict[str, Configuration]:
    """Return HAProxy's configurations for the world as it is: by balancer, and for sshd.

    :raises SandboxError: the world holds something that HAProxy can't play.
    """
    found = {}
    for balancer in world.balancers:
        writer = _Writer(world, balancer, presented)
        if fronts := list(writer.fronts()):
            found[balancer.name] = _configuration(writer.files, fronts=fronts)
    control = addresses.control(world.block)
    return {SSH: _configuration({}, control=control, doors=world.doors), **found}


def node_addresses(world: World) -> set[str]:
    """Return the balancers' own addresses in their subnets."""
    return {
        targets.node_address(world, balancer, subnet)
        for balancer in world.balancers
        for subnet in balancer.subnets
    }


def _configuration(files: Mapping[str, bytes], **parts: object) -> Configuration:
    def text(serial: str) -> str:
        return render("haproxy.cfg", machine=MACHINE, serial=serial, **parts)

    serial = hashlib.sha256(text("none").encode()).hexdigest()[:16]
    return Configuration(text(serial), serial, files)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Puts one balancer into HAProxy's words."""

    world: World
    balancer: Balancer
    presented: Presented
    files: dict[str, bytes] = field(default_factory=dict)

    def fronts(self) -> Iterator[Front]:
        balancer = self.balancer
        for listener in balancer.listeners:
            if not self.world.firewall.opens(balancer.groups, listener.port):
                continue
            name = f"{balancer.name}-{listener.port}"
            rules = sorted(listener.rules, key=lambda rule: rule.priority)
            backends = [
                *(
                    self._backend(f"{name}-{rule.priority}", rule.action, listener)
                    for rule in rules
                ),
                self._backend(name, listener.action, listener),
            ]
            yield Front(
                name=name,
                address=self.world.loopback[balancer.dns_name],
                port=listener.port,
                is_http=listener.protocol in HTTP,
                idle_timeout=balancer.idle_timeout,
                tls=listener.tls,
                alpn=_alpn(listener),
                certificates=self._certificates(listener) if listener.tls else None,
                client=CLIENT if any(backend.proxy_protocol for backend in backends) else None,
                routes=tuple(_routes(name, rules)),
                backends=tuple(backends),
            )

    def _certificates(self, listener: Listener) -> str:
        """HAProxy takes the first one for the default one, as told nothing else."""
        try:
            paths = [self.world.certificates[arn] for arn in listener.certificates]
        except KeyError as error:
            raise SandboxError(
                f"balancer {self.balancer.name}: no issued certificate has the ARN {error}"
            ) from error
        return self._file("list", "".join(f"{path}\n" for path in paths).encode())

    def _backend(self, name: str, action: Action, listener: Listener) -> Backend:
        match action:
            case Redirect():
                return Backend(name, location=_location(action, listener), status=action.status)
            case FixedResponse():
                return Backend(
                    name,
                    status=action.status,
                    content_type=f"{action.content_type}; charset=utf-8",
                    body=self._file("body", action.body.encode()) if action.body else None,
                )
            case Forward():
                return self._forward(name, action)

    def _forward(self, name: str, forward: Forward) -> Backend:
        found = tuple(targets.servers(self.world, self.balancer, forward, self.presented))
        sticky = forward.stickiness
        return Backend(
            name,
            encrypts=forward.protocol in ENCRYPTED,
            proxy_protocol=forward.proxy_protocol,
            cookie=sticky.cookie if sticky else None,
            seconds=sticky.seconds if sticky else None,
            by_address=sticky is not None and sticky.cookie is None,
            check=targets.check(forward.check),
            servers=found,
            trusted={
                server.certificate: self._file("pem", server.certificate)
                for server in found
                if server.certificate
            },
        )

    def _file(self, kind: str, content: bytes) -> str:
        name = f"{hashlib.sha256(content).hexdigest()[:24]}.{kind}"
        self.files[name] = content
        return name


def _alpn(listener: Listener) -> str | None:
    """A TLS listener of a network balancer negotiates nothing unless told to."""
    if listener.protocol == "TLS":
        return None
    return "h2,http/1.1" if listener.http2 else "http/1.1"


def _routes(front: str, rules: list[Rule]) -> Iterator[Route]:
    """Hosts match whatever their case, and without a port.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
    """
    for rule in rules:
        wild = tuple(host for host in rule.hosts if _WILD.search(host))
        yield Route(
            name=f"hosts-{rule.priority}",
            hosts=tuple(host for host in rule.hosts if host not in wild),
            patterns=tuple(_pattern(host) for host in wild),
            backend=f"{front}-{rule.priority}",
        )


def _pattern(host: str) -> str:
    return "^" + re.escape(host).replace(r"\*", ".*").replace(r"\?", ".") + "$"


_WILD = re.compile(r"[*?]")


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
