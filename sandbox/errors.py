"""What a sandbox tells its user when it can't go on."""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """The sandbox can't go on; the message says why, and `log` holds the full output if any."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(f"{message}\nfull output: {log}" if log else message)
        self.log = log
