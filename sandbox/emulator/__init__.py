"""AWS on one loopback port: moto, its gaps filled, with what a fleet names as existing planted.

The rest of the sandbox knows this module of it; `python -m sandbox.emulator` is the process.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox import loopback
from sandbox.addresses import EMULATOR_PORT
from sandbox.emulator.api import ACCOUNT
from sandbox.emulator.seed import Seed, make_seed

__all__ = ["ACCOUNT", "ENVIRONMENT", "Emulator", "Seed", "command", "make_seed"]

SEED_CALL = "/portico/seed"
CHANGES_CALL = "/portico/changes"
CERTIFICATES_CALL = "/portico/certificates"
"""AWS's balancers get certificates with their keys inside AWS, where no API reaches."""

ENVIRONMENT = {
    # Reading Amazon's images takes longer than all the rest of moto's start.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


def command(address: str, region: str, folder: Path) -> list[str]:
    """Return the command line of an emulator; `folder` is the sandbox's."""
    return [sys.executable, "-m", "sandbox.emulator", address, region, str(folder)]


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator at its loopback address."""

    address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}:{EMULATOR_PORT}"

    @property
    def ready(self) -> bool:
        return loopback.get(self.address, EMULATOR_PORT, "/moto-api/data.json") is not None

    def plant(self, seed: Seed) -> None:
        """Make what the seed holds and isn't there yet."""
        self._post(SEED_CALL, asdict(seed))

    @property
    def changes(self) -> int:
        """How many calls have changed something so far, or may have."""
        return int(self._post(CHANGES_CALL, {})["count"])

    def export_certificates(self) -> dict[str, Path]:
        """Write all issued certificates, with chain and key; return their files by ARN."""
        written: dict[str, str] = self._post(CERTIFICATES_CALL, {})
        return {arn: Path(path) for arn, path in written.items()}

    def _post(self, call: str, content: object) -> Any:  # noqa: ANN401 - JSON
        body = json.dumps(content).encode()
        return json.loads(loopback.post(self.address, EMULATOR_PORT, call, body))
