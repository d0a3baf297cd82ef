"""Emulators for tests that speak to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox import addresses, authority, emulator, enclosure, waiting
from sandbox.emulator import Emulator, Seed
from sandbox.state import CHECKOUT

REGION = "eu-west-1"


@contextmanager
def running(folder: Path, seed: Seed) -> Iterator[Emulator]:
    """Have an emulator in which the seed is planted; its authority lies in the folder too."""
    (folder / "certificates").mkdir()
    (folder / "authority").mkdir()
    authority.create(folder / "authority")
    address = addresses.control(addresses.free_network(str(folder)))
    opening = enclosure.prepare(
        emulator.command(address, REGION, folder),
        binds={},
        log=folder / "log",
        environment={**os.environ, **emulator.ENVIRONMENT, "PYTHONPATH": str(CHECKOUT)},
    )
    opening.go()
    started = Emulator(address)
    try:
        waiting.until("the emulator", lambda: started.ready, seconds=60)
        started.plant(seed)
        yield started
    finally:
        opening.enclosure.close()
