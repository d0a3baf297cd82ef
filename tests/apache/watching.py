"""A machine that is watched while releases are activated on it, and releases that fail."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modules.plan.records import HEALTH_PATH
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, Machine

CLIENT = Path(__file__).with_name("client.py")
FOURTH = f"{THREE}  domain-d.com: {{document_root: /var/www/site_d, extra_config: d.conf}}\n"
REFUSED, ROLLED_BACK = 1, 2

PROXY_MODULES = """\
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
"""

MISMATCH = """\
SSLCertificateFile /etc/portico/tls/ec/domain-a.com/certificate.pem
SSLCertificateKeyFile /etc/portico/tls/ec/domain-b.com/key.pem
"""

# A trial runs in the foreground: what holds only elsewhere fails on the live Apache alone.
DIES = f"<IfDefine !FOREGROUND>\n{MISMATCH}</IfDefine>\n"
LOCKED = '<IfDefine !FOREGROUND>\n<If "true">\nRequire all denied\n</If>\n</IfDefine>\n'
SILENT = "<IfDefine !FOREGROUND>\n  SSLVerifyClient require\n</IfDefine>\n"


def fourth(extra: str) -> Release:
    """The three sites and one more, whose own directives are `extra`."""
    return render(FOURTH, (("d.conf", extra),)).later()


def live(machine: Machine, release: Release) -> bool:
    """Whether every port serves the release."""
    for port in release.ports.values():
        answer = machine.get(f"https://{ADDRESS}:{port}{HEALTH_PATH}")
        if (answer.status, answer.headers.get("portico-release")) != (200, release.id):
            return False
    return True


@contextmanager
def visited(machine: Machine) -> Iterator[list[str]]:
    """Fetch the three sites all the while; what failed is in the list at the end."""
    failed: list[str] = []
    client = subprocess.Popen(
        [
            *("nsenter", f"--target={machine.pid}", "--net", "--", sys.executable, str(CLIENT)),
            *(ADDRESS, "443=site a", "8443=site b", "8444=site c"),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert client.stdout is not None
        assert client.stdout.readline() == b"ready\n"
        yield failed
        time.sleep(0.2)
        client.send_signal(signal.SIGTERM)
        report = json.loads(client.communicate(timeout=30)[0])
        assert report["sent"] >= 3
        failed += report["failed"]
    finally:
        client.kill()
        client.wait()


@contextmanager
def unharmed(machine: Machine) -> Iterator[None]:
    """The three sites are served by their release all the while, and after a cold start too."""
    before = (machine.apache_pid(), machine.path("/etc/portico/current").readlink())
    with visited(machine) as failed:
        yield
    assert failed == []
    assert (machine.apache_pid(), machine.path("/etc/portico/current").readlink()) == before
    assert live(machine, render(THREE))
    assert not machine.path("/var/lib/portico/journal").exists()
    assert machine.run("apachectl", "-t").returncode == 0


def logged(machine: Machine, words: str) -> str:
    """Wait for the access log's line with these words."""

    def lines() -> list[str]:
        log = machine.path("/var/log/apache2/portico-access.log").read_text()
        return [line for line in log.splitlines() if words in line]

    machine.wait(lambda: lines() != [])
    return lines()[-1]


def command(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the live release's script."""
    return machine.run("sh", "/etc/portico/current/activate.sh", *words, check=False)


def now(machine: Machine) -> str:
    """The machine's clock, as plans tell their time."""
    return machine.run("date", "-u", "+%Y-%m-%dT%H:%M:%SZ").stdout.strip()


def program(machine: Machine, name: str, script: str) -> None:
    """Put a program of that name before the machine's own."""
    file = machine.path(f"/usr/local/bin/{name}")
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """The last line, where Terraform's user looks."""
    return done.stdout.splitlines()[-1]
