"""HAProxy's process: started once, and then told of each new configuration without a gap."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox import addresses, loopback, waiting
from sandbox.enclosure import Enclosure
from sandbox.errors import SandboxError
from sandbox.haproxy import Configuration
from sandbox.state import Place

_IN_A_ROW = 3
"""Answers of the new configuration before the old worker is taken to have stopped listening."""


def start(place: Place, enclosure: Enclosure, network: str, configuration: Configuration) -> None:
    """Start HAProxy and wait until it serves.

    :raises SandboxError: it refuses the configuration, or its ports are taken.
    """
    _write(place, enclosure, configuration)
    enclosure.spawn(
        ["haproxy", "-W", "-f", str(_file(place)), "-p", str(_pid_file(place))],
        place.log("haproxy"),
        os.environ,
    )
    _wait(place, network, configuration)


def change(place: Place, enclosure: Enclosure, network: str, configuration: Configuration) -> None:
    """Put a new configuration in force; connections to the old one go on.

    :raises SandboxError: it is refused, and the old one stays in force.
    """
    if _serial(network) == configuration.serial:
        return
    _write(place, enclosure, configuration)
    enclosure.run(["sh", "-c", 'kill -USR2 "$(cat "$1")"', "sh", str(_pid_file(place))])
    _wait(place, network, configuration)


def _write(place: Place, enclosure: Enclosure, configuration: Configuration) -> None:
    candidate = _file(place).with_suffix(".new")
    candidate.write_text(configuration.text)
    enclosure.run(["haproxy", "-c", "-q", "-f", str(candidate)])
    candidate.replace(_file(place))


def _wait(place: Place, network: str, configuration: Configuration) -> None:
    def in_force() -> bool:
        return all(_serial(network) == configuration.serial for _ in range(_IN_A_ROW))

    try:
        waiting.until("HAProxy's configuration", in_force)
    except SandboxError as error:
        raise SandboxError(str(error), place.log("haproxy")) from error


def _serial(network: str) -> str | None:
    answer = loopback.get(addresses.control(network), addresses.STATUS_PORT)
    return answer.decode() if answer else None


def _file(place: Place) -> Path:
    return place.folder / "haproxy.cfg"


def _pid_file(place: Place) -> Path:
    return place.folder / "haproxy.pid"
