"""What several values of `servers`, `ports` and `state` together can show to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modules.fleet.lock import FILE_NAME as LOCK_NAME
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.sections import LocalChoice, NewNetwork, NewServer
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject, is_ipv4

HTTP_PORT = 80
"""Apache's own on every server: it answers with a redirect."""


def servers_once(subject: Subject) -> Iterator[Problem]:
    owners: dict[tuple[str, object], str] = {}
    for name, server in subject.file.servers.items():
        instance = getattr(server, "instance", None)
        host = server.ssh.host
        at: dict[tuple[str, object], KeyPath] = {}
        if instance:
            at["instance", instance] = ("servers", name, "instance")
        if host:
            at["ssh", (host.lower(), server.ssh.port)] = ("servers", name, "ssh", "host")
        for identity, path in at.items():
            if (first := owners.setdefault(identity, name)) != name:
                what = "instance" if identity[0] == "instance" else "ssh host and port"
                message = words(
                    f"{show(name)} has the {what} of {show(first)}", cure="a server stands once"
                )
                yield subject.problem(Code.SERVERS_CLASH, path, message)


def ssh_access(subject: Subject) -> Iterator[Problem]:
    for name, server in subject.file.servers.items():
        if not isinstance(server, NewServer):
            continue
        path = ("servers", name, "create")
        if server.security_group is None and not server.create.ssh_from:
            message = words(
                "no address may reach ssh in the security group that is created",
                cure="say ssh_from, with the ranges that Terraform runs in, or a security_group",
            )
            yield subject.problem(Code.SSH_ACCESS, path, message, at_key=True)
        elif server.security_group is None and not any(map(is_ipv4, server.create.ssh_from)):
            message = words(
                "no IPv4 range may reach ssh, and the instance has no IPv6 address",
                cure="add the IPv4 ranges that Terraform runs in",
            )
            yield subject.problem(Code.SSH_ACCESS, (*path, "ssh_from"), message)
        if server.security_group is not None and server.create.ssh_from:
            message = words(
                "ssh_from has no effect on an existing security group",
                cure="keep ssh_from or security_group",
            )
            yield subject.problem(Code.SSH_ACCESS, (*path, "ssh_from"), message, at_key=True)


def subnets_of_servers(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.file.network, NewNetwork):
        return
    for name, server in subject.file.servers.items():
        if isinstance(server, NewServer) and server.create.subnet:
            message = words(
                f"subnet {show(server.create.subnet)} cannot lie in a network yet to be created",
                cure="leave it out",
            )
            path = ("servers", name, "create", "subnet")
            yield subject.problem(Code.SUBNET_OF_NEW_NETWORK, path, message)


def port_80(subject: Subject) -> Iterator[Problem]:
    answers = words(f"port {HTTP_PORT} is Apache's, for the redirect", cure="choose another")
    for name, server in subject.file.servers.items():
        if server.ssh.port == HTTP_PORT:
            yield subject.problem(Code.PORT, ("servers", name, "ssh", "port"), answers)
    for i, reserved in enumerate(subject.file.ports.reserved):
        if HTTP_PORT in reserved:
            message = words(
                f"port {HTTP_PORT} cannot be reserved: Apache answers it with the redirect"
            )
            yield subject.problem(Code.PORT, ("ports", "reserved", i), message)


def rollout(subject: Subject) -> Iterator[Problem]:
    """Ways of being drained that would take a site down.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html
    """
    asked = subject.file.rollout
    if asked.drain is None:
        return
    at = ("rollout", "drain")
    if asked.parallel:
        message = words(
            "servers that are all changed at once cannot be drained: none is left",
            cure="keep drain or parallel",
        )
        yield subject.problem(Code.ROLLOUT, at, message, at_key=True)
    if len(subject.file.servers) == 1 and not subject.doubtful_below(("servers",)):
        message = words(
            "the only server cannot be drained: none is left",
            cure="add a server, or leave drain out",
        )
        yield subject.problem(Code.ROLLOUT, at, message, at_key=True)
    for path, site in subject.sites.items():
        if site.draining == 0 and "classic" in dict(subject.kinds(path)):
            message = words(
                "a classic balancer with draining: 0 ends the requests in flight of a server that "
                "is drained",
                cure="say draining: 60",
            )
            yield subject.problem(Code.ROLLOUT, subject.setting(path, "draining"), message)


# --- state -----------------------------------------------------------------------------------


def state_file(subject: Subject) -> Iterator[Problem]:
    state = subject.file.state
    if not isinstance(state, LocalChoice):
        return
    path = state.local.path
    taken = {
        ".": "a folder",
        Path(subject.draft.source.name).name: "the fleet file",
        LOCK_NAME: "the port lock",
    }
    if what := taken.get(path):
        message = words(
            f"the state cannot lie at {show(path)}, which is {what}",
            allowed="a file that only Terraform writes, as terraform.tfstate",
        )
        yield subject.problem(Code.STATE_FILE, ("state", "local", "path"), message)
