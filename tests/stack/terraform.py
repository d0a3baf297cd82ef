"""Terraform as a test runs it, with the sandbox's providers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

HOME = Path(__file__).parents[2]


def terraform(folder: Path, *command: str, **variables: str) -> str:
    """Run Terraform in the folder and return what it prints; it must succeed."""
    done = subprocess.run(
        [str(HOME / "tools/run"), "terraform", f"-chdir={folder}", *command],
        env={
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(HOME / ".portico/terraform/sandbox.tfrc"),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
