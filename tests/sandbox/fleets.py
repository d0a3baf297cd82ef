"""Fleet files for the sandbox's tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modules.fleet import load_fleet
from modules.plan import Plan, make_plan
from sandbox.state import CHECKOUT

HEAD = """\
name: {name}
region: eu-west-1
network: {{vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d, subnet-1a2b3c4d]}}
servers:
{servers}
defaults: {{draining: 5}}
sites:{sites}
"""

SERVER = """\
  web-{0}:
    instance: i-0123456789abcdef{0}
    security_group: sg-0a1b2c3{0}
    layout: {1}
    ssh:
      host: 203.0.113.1{0}
      user: admin
      private_key: /dev/null
      host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81
"""

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/{0}2345678-1234-1234-1234-123456789012"


def write(
    folder: Path, sites: str, *, name: str = "tried", servers: int = 1, layout: str = "debian"
) -> Path:
    """Write a fleet file with existing servers; `sites` is the map's text, indented by two."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fleet.yaml"
    named = "".join(SERVER.format(number, layout) for number in range(1, servers + 1))
    site_map = f"\n{sites}" if sites.strip() else " {}"
    file.write_text(HEAD.format(name=name, servers=named, sites=site_map))
    return file


def site(domain: str, *settings: str) -> str:
    """Return the text of a site with these settings, each a line."""
    root = f"document_root: /var/www/{domain}"
    return "".join((f"  {domain}:\n", *(f"    {line}\n" for line in (root, *settings))))


def plan(folder: Path, sites: str) -> Plan:
    return make_plan(load_fleet(write(folder, sites)))


class started:  # noqa: N801 - reads as a verb
    """An `up` in a process of its own, once it has begun with a step."""

    def __init__(self, fleet: Path, step: str) -> None:
        script = (
            "import signal, sys; from pathlib import Path; import sandbox\n"
            # A test runner in the background has its children ignore Ctrl-C.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "sandbox.up(Path(sys.argv[1]), lambda step, *_: print(step, flush=True))"
        )
        self._step = step
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, str(fleet)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        )

    def __enter__(self) -> subprocess.Popen[str]:
        for line in self._process.stdout or ():
            if line.strip() == self._step:
                time.sleep(2 if "Terraform" in self._step else 0)
                return self._process
        pytest.fail(f"it never came to {self._step!r}")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}
