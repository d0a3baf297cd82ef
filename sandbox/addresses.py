"""Loopback addresses: a block for each sandbox, and in it one for each balancer.

Linux answers on all of 127.0.0.0/8 with nothing set up. The blocks lie in 127.64.0.0/10, far from
127.0.0.1 and from Debian's 127.0.1.1.
"""

from __future__ import annotations

import errno
import hashlib
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from sandbox.errors import SandboxError

EMULATOR_PORT = 4566
DNS_PORT = 5300
"""Not 53: a resolver on the machine may hold that on every address."""
FIRST_SSH_PORT = 2201

_ROOM = IPv4Network("127.64.0.0/10")
_BLOCK = 20
"""Prefix length: 4,096 addresses, more than the balancers that AWS allows in a region."""
_FIRST_GIVEN = 256


def control(block: str) -> str:
    """Return the address of what is no balancer: emulator, DNS, sshd, status."""
    return str(IPv4Network(block)[1])


def free_network(identity: str) -> str:
    """Choose the sandbox's block: the same one each time, unless another sandbox has it.

    A block is another's when somebody listens at its emulator's port.

    :raises SandboxError: every block is taken.
    """
    blocks = list(_ROOM.subnets(new_prefix=_BLOCK))
    start = _number(identity)
    for step in range(len(blocks)):
        block = str(blocks[(start + step) % len(blocks)])
        if _is_free(control(block), EMULATOR_PORT):
            return block
    raise SandboxError(f"no block of loopback addresses is free in {_ROOM}")


def give(block: str, kept: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Give each name an address: the one that it had, or a free one that the name suggests."""
    room = IPv4Network(block)
    count = room.num_addresses - _FIRST_GIVEN - 1
    wanted = sorted(names)
    given = {name: kept[name] for name in wanted if name in kept}
    for name in wanted:
        taken = set(given.values())
        places = (_FIRST_GIVEN + (_number(name) + step) % count for step in range(count))
        free = (ip for place in places if (ip := str(room[place])) not in taken)
        given.setdefault(name, next(free))
    return given


def in_subnet(cidr: str, name: str) -> str:
    """Return the address that a balancer's node has in a subnet: in its upper half, by its name.

    The lower half is for instances.
    """
    subnet = IPv4Network(cidr)
    half = subnet.num_addresses // 2
    return str(IPv4Address(int(subnet[half]) + _number(name) % (half - 1)))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # As the emulator does: a port that was just left may be taken again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
