"""What the script says of a server, at any time, without touching it."""

import re
from pathlib import Path

import pytest

from tests.apache.releases import THREE, render
from tests.apache.server import Machine
from tests.apache.watching import command, fourth

pytestmark = pytest.mark.sandbox


def status(machine: Machine) -> list[str]:
    done = command(machine, "status")
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def test_a_server_is_described(serving: Machine) -> None:
    release = render(THREE)
    lines = status(serving)
    serial = next(line for line in release.manifest.splitlines() if line.startswith("serial "))
    assert lines[:6] == [
        f"release {release.id}",
        "fleet shop",
        "server web-1",
        serial,
        "apache running",
        "boot unknown",
    ]
    ports = {line for line in lines if line.startswith("port ")}
    assert ports == {f"port {port} 200 {release.id}" for port in (80, 443, 8443, 8444)}
    ends = r"certificate domain-a.com /etc/portico/tls/ec/domain-a.com/certificate.pem 20\d\d-\S+Z"
    assert any(re.fullmatch(ends, line) for line in lines)
    assert [line for line in lines if line.startswith("trusted-proxy ")] == [
        "trusted-proxy 10.20.0.0/24",
        "trusted-proxy 10.20.64.0/24",
    ]
    assert lines[-1] == "end"
    others = ("edited", "missing", "unfinished", "running", "short")
    assert not [line for line in lines if line.startswith(others)]


def test_nothing_is_changed_by_asking(serving: Machine) -> None:
    def files() -> dict[Path, tuple[int, int]]:
        folders = [serving.path("/etc"), serving.path("/var/lib/portico")]
        paths = [path for folder in folders for path in folder.rglob("*")]
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}

    before = files()
    status(serving)
    command(serving, "releases")
    assert files() == before


def test_a_stopped_apache_and_a_lost_certificate_are_told(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    distribution.stop_apache()
    distribution.path("/etc/portico/tls/ec/domain-b.com/certificate.pem").unlink()
    lines = status(distribution)
    assert "apache stopped" in lines
    assert "port 8443 000 -" in lines
    lost = "certificate domain-b.com /etc/portico/tls/ec/domain-b.com/certificate.pem -"
    assert (lost in lines, lines[-1]) == (True, "end")


def test_a_run_that_holds_the_lock_keeps_nobody_from_asking(serving: Machine) -> None:
    journal = serving.path("/var/lib/portico/journal")
    current = serving.path("/etc/portico/current").readlink()
    journal.write_text(f"candidate /etc/portico/{current}\nprevious /etc/portico/{current}\n")
    try:
        done = serving.run(
            *("flock", "/var/lib/portico/lock", "timeout", "30"),
            *("sh", "/etc/portico/current/activate.sh", "status"),
        )
    finally:
        journal.unlink()
    assert "unfinished yes" in done.stdout.splitlines()


@pytest.mark.parametrize("word", ["status", "releases"])
def test_where_nothing_was_deployed_that_is_said(distribution: Machine, word: str) -> None:
    folder = fourth("").upload(distribution)
    done = distribution.run("sh", f"{folder}/activate.sh", word, check=False)
    assert done.returncode == 1
    assert done.stdout == "portico: no release of Portico's is live on this server\n"


def test_it_needs_to_become_root(serving: Machine) -> None:
    script = "setpriv --reuid=www-data --clear-groups sh /etc/portico/current/activate.sh status"
    done = serving.run("sh", "-c", script, check=False)
    assert done.returncode == 1
    assert "www-data needs sudo without a password" in done.stdout
