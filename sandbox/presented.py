"""What servers present to who connects from the VPC."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from sandbox import network
from sandbox.enclosure import Enclosure
from sandbox.targets import Address, Presented

_LOOK = """
import ssl, sys
print(ssl.get_server_certificate((sys.argv[1], int(sys.argv[2])), timeout=5))
"""


def certificates(enclosure: Enclosure, wanted: Iterable[Address]) -> Presented:
    """Return the certificates of who answers."""
    return dict(_found(enclosure, wanted))


def _found(enclosure: Enclosure, wanted: Iterable[Address]) -> Iterator[tuple[Address, bytes]]:
    for address, port in sorted(wanted):
        command = [
            *("nsenter", f"--net=/run/netns/{network.VPC}", "--"),
            *(sys.executable, "-ISc", _LOOK, address, str(port)),
        ]
        answer = enclosure.run(command, check=False)
        if answer.startswith("-----BEGIN CERTIFICATE-----"):
            yield (address, port), answer.encode()
