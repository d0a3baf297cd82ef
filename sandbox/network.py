"""The network behind the balancers: a VPC, with a wire to each server.

The VPC and each server are a network namespace. HAProxy lives in the VPC's, which carries the
addresses of the balancers' nodes, and listens in the machine's own; a server's carries its
instance's private address. So Apache has the ports, the clients and the neighbours that it would
have in AWS, and nothing of it shows on the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from sandbox.enclosure import Enclosure

MACHINE, VPC = "_machine", "_vpc"
"""Names of namespaces; no server's name begins so."""

LINKS = "169.254.64.0/20"
"""Addresses by which servers are reached before their instances exist."""

_KILL_ALL = """
for i in $(seq 50); do
    pids=$(ip netns pids "$1")
    [ -n "$pids" ] || exit 0
    kill -KILL $pids 2>/dev/null
    sleep 0.1
done
exit 1
"""

_GATEWAY = "169.254.64.1"

CLIENT = "198.51.100.7"
"""Who visits a network balancer, as far as servers see: loopback, where visitors are, has no
address that can be routed. For documentation alone: RFC 5737."""


def create(enclosure: Enclosure) -> None:
    """Make the VPC, with no server yet."""
    enclosure.run(["ip", "netns", "attach", MACHINE, "1"])
    _add(enclosure, VPC)
    _ip(enclosure, VPC, "link", "set", "lo", "up")
    _ip(enclosure, VPC, "address", "add", f"{_GATEWAY}/32", "dev", "lo")


def servers(enclosure: Enclosure) -> set[str]:
    """Return the names of the servers that have a wire."""
    listed = enclosure.run(["ip", "netns", "list"]).splitlines()
    return {line.split()[0] for line in listed} - {MACHINE, VPC}


def wire(enclosure: Enclosure, server: str, link: str) -> None:
    """Make a server's namespace; the VPC reaches it at its `link` address."""
    device = _device(server)
    _add(enclosure, server)
    peer = ("peer", "name", "eth0", "netns", server)
    _ip(enclosure, VPC, "link", "add", device, "type", "veth", *peer)
    for namespace, name in ((VPC, device), (server, "eth0"), (server, "lo")):
        _ip(enclosure, namespace, "link", "set", name, "up")
    _ip(enclosure, server, "address", "add", f"{link}/32", "dev", "eth0")
    _ip(enclosure, server, "route", "add", f"{_GATEWAY}/32", "dev", "eth0")
    _ip(enclosure, VPC, "route", "add", f"{link}/32", "dev", device, "src", _GATEWAY)


def cut(enclosure: Enclosure, server: str) -> None:
    """End all that runs in a server's namespace, and the namespace."""
    enclosure.run(["sh", "-c", _KILL_ALL, "sh", server])
    _ip(enclosure, VPC, "link", "delete", _device(server))
    enclosure.run(["ip", "netns", "delete", server])


def arrange(
    enclosure: Enclosure,
    *,
    instances: Mapping[str, str],
    nodes: Iterable[str],
    subnets: Iterable[str],
) -> None:
    """Give servers the addresses of their instances, and the VPC those of the balancers' nodes.

    The VPC has the clients' one address too, as connections that keep it start there.
    """
    for address in sorted({*nodes, CLIENT}):
        _ip(enclosure, VPC, "address", "replace", f"{address}/32", "dev", "lo")
    for server, address in sorted(instances.items()):
        _ip(enclosure, server, "address", "replace", f"{address}/32", "dev", "eth0")
        for beyond in sorted({*subnets, f"{CLIENT}/32"}):
            _ip(enclosure, server, "route", "replace", beyond, "dev", "eth0", "src", address)
        _ip(enclosure, VPC, "route", "replace", f"{address}/32", "dev", _device(server))


def _add(enclosure: Enclosure, namespace: str) -> None:
    """Make a namespace with Linux's own settings, whatever the machine's are."""
    enclosure.run(["ip", "netns", "add", namespace])
    settings = ("all/arp_ignore", "default/arp_ignore", "all/rp_filter", "default/rp_filter")
    script = 'cd /proc/sys/net/ipv4/conf; for setting; do echo 0 >"$setting"; done'
    enclosure.run(["ip", "netns", "exec", namespace, "sh", "-euc", script, "sh", *settings])


def _ip(enclosure: Enclosure, namespace: str, *arguments: str) -> None:
    enclosure.run(["ip", "-n", namespace, *arguments])


def _device(server: str) -> str:
    """Name the VPC's end of a wire; Linux allows 15 characters."""
    return f"v{hashlib.sha256(server.encode()).hexdigest()[:12]}"
