"""The ports that balancers may reach on the servers, in blocks that stand still.

A security group has room for 60 rules:
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html. So a rule is of many ports;
and it is of a whole block of them whatever sites there are, as a rule that grew with its sites
would be made anew at each. An apply that failed in between leaves the rule of before, which AWS
then refuses a second time once that apply's change is taken back, `InvalidPermission.Duplicate`:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from modules.fleet import Fleet
from modules.fleet.addresses import PortRange
from modules.fleet.lock import NEXT_PORTS

BLOCK = 100
"""Ports of a block, which begins at a multiple of this; 80 and 443 are blocks of one."""


def port_ranges(fleet: Fleet, ports: set[int]) -> tuple[PortRange, ...]:
    """Return the blocks with any of these ports, ascending, without ports that no site may have."""
    taken = [PortRange(server.ssh.port, server.ssh.port) for server in fleet.servers.values()]
    taken = sorted({*taken, *fleet.reserved_ports})
    pieces = {piece for port in ports for piece in _without(taken, _block(port)) if port in piece}
    return tuple(sorted(pieces))


def _block(port: int) -> PortRange:
    if port not in NEXT_PORTS:
        return PortRange(port, port)
    first = port - port % BLOCK
    return PortRange(max(first, NEXT_PORTS.start), min(first + BLOCK, NEXT_PORTS.stop) - 1)


def _without(taken: list[PortRange], block: PortRange) -> Iterator[PortRange]:
    """Split a block at ports that something else on the servers has."""
    first = block.first
    for each in taken:
        if first < each.first <= block.last:
            yield PortRange(first, each.first - 1)
        if each.first <= block.last:
            first = max(first, each.last + 1)
    if first <= block.last:
        yield PortRange(first, block.last)
