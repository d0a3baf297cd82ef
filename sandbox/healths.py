"""What a new HAProxy process takes for its servers' health, before it has checked one itself.

Left alone it takes all for healthy. A balancer of AWS goes on with what it knows, and sends a new
target nothing until it has passed its checks; where none is healthy it fails open, to all.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BACKEND, _NAME, _ADDRESS, _STATE, _HEALTH, _PORT = 1, 3, 4, 5, 12, 18
"""Fields of a server's state:
https://docs.haproxy.org/2.6/management.html#9.3-show%20servers%20state"""

_DOWN, _UP = "0", "2"
_LINE = re.compile(r"backend (?P<backend>\S+)| +server (?P<name>\S+) (?P<at>\S+:\d+)")


def carried_over(configuration: str, states: str) -> str:
    """Return the states to start a configuration with, from those of the process before."""
    version, *lines = [line for line in states.splitlines() if line and not line.startswith("#")]
    # HAProxy takes a server's port from its state too.
    known = {
        (each[_BACKEND], each[_NAME], f"{each[_ADDRESS]}:{each[_PORT]}"): each
        for each in map(str.split, lines)
    }
    servers = list(_servers(configuration))
    up = {server[0]: known[server] for server in servers if _is_up(known.get(server))}
    kept = [
        known.get((backend, name, at)) or _unhealthy(up[backend], name, at)
        for backend, name, at in servers
        if backend in up
    ]
    return "\n".join([version, *map(" ".join, kept)]) + "\n"


def unhealthy(states: str) -> set[str]:
    """Return the names of what fails its checks."""
    fields = [line.split() for line in states.splitlines()[1:] if not line.startswith("#")]
    return {each[_NAME] for each in fields if each and each[_STATE] == _DOWN}


def _servers(configuration: str) -> Iterator[tuple[str, str, str]]:
    backend = ""
    for found in filter(None, map(_LINE.match, configuration.splitlines())):
        if found["backend"]:
            backend = found["backend"]
        elif backend:
            yield backend, found["name"], found["at"]


def _is_up(fields: list[str] | None) -> bool:
    return fields is not None and fields[_STATE] == _UP


def _unhealthy(like: list[str], name: str, at: str) -> list[str]:
    fields = [*like]
    fields[_NAME], fields[_STATE], fields[_HEALTH] = name, _DOWN, "0"
    fields[_ADDRESS], _, fields[_PORT] = at.partition(":")
    return fields
